"""The geometry of the desk's charts."""

from __future__ import annotations

import pytest

from demo_blog.desk import charts


def test_a_column_stacks_its_segments_from_the_bottom_up_to_the_share_of_the_top() -> None:
    chart = charts.stacked([{"a": 30, "b": 50}, {"b": 100}], ["Monday", "Tuesday"], ("a", "b"))
    assert chart.top == 100
    first, second = chart.columns
    assert [(part.name, part.y, part.height) for part in first.segments] == [("a", 70, 30), ("b", 20, 50)]
    assert [(part.name, part.y, part.height) for part in second.segments] == [("b", 0, 100)]
    assert (first.x, second.x, chart.width) == (0, 10, 20)
    assert first.total == 80


def test_numbers_that_the_order_does_not_name_are_left_out() -> None:
    chart = charts.stacked([{"a": 1, "z": 1_000}], ["Monday"], ("a",))
    assert chart.top == 1
    assert chart.columns[0].total == 1


def test_nothing_counted_is_an_empty_chart_with_a_top() -> None:
    chart = charts.stacked([{}, {}], ["Monday", "Tuesday"], ("a",))
    assert chart.top == 1
    assert all(not column.segments for column in chart.columns)
    assert charts.line([None, None]) == charts.LineChart((), (), 20, 1)


def test_a_time_without_a_value_interrupts_the_line() -> None:
    chart = charts.line([0.5, 1.0, None, 0.25], top=1)
    assert chart.lines == ("5,50 15,0",)
    assert chart.dots == ((35, 75),)


def test_a_value_above_the_top_stays_inside_of_the_box() -> None:
    assert charts.line([5.0, 1.0], top=2).lines == ("5,0 15,50",)


@pytest.mark.parametrize(
    ("number", "top"), [(0, 1), (1, 1), (2, 2), (9, 9), (10, 10), (11, 20), (270, 300), (999, 1_000), (1_001, 2_000)]
)
def test_the_top_is_a_round_number(number: int, top: int) -> None:
    assert charts.round_up(number) == top


def test_a_ranking_has_the_largest_numbers_first_and_no_zeros() -> None:
    ranks = charts.ranking({"b": 5, "a": 5, "c": 10, "d": 0}, most=3)
    assert [(rank.name, rank.number, rank.percent) for rank in ranks] == [("c", 10, 100), ("a", 5, 50), ("b", 5, 50)]


def test_many_columns_have_no_gaps() -> None:
    few, many = ([{"a": 1}] * number for number in (30, 365))
    assert charts.stacked(few, [""] * 30, ("a",)).bar == 8
    assert charts.stacked(many, [""] * 365, ("a",)).bar == 10
