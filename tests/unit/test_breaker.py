"""The breaker opens after faults in a row, allows one probe after a rest, and closes on a success."""

from __future__ import annotations

import threading

from captcha_guard.breaker import Breaker
from captcha_guard.spam.services.answers import Answers
from captcha_guard.spam.verdict import Finding


def opened(now: float = 0.0) -> Breaker:
    breaker = Breaker(faults=3, rest=60)
    for _ in range(3):
        assert breaker.allows(now)
        breaker.failed(now)
    return breaker


def test_faults_in_a_row_open_it_and_a_success_resets_the_count() -> None:
    breaker = Breaker(faults=3, rest=60)
    for _ in range(4):
        breaker.failed(0)
        breaker.failed(0)
        assert breaker.allows(0)
        breaker.succeeded()
    assert not opened().allows(0)


def test_after_the_rest_one_probe_decides_for_all() -> None:
    breaker = opened()
    assert not breaker.allows(59.9)
    assert breaker.allows(60)
    assert not breaker.allows(60), "one probe is enough"
    breaker.failed(61)
    assert not breaker.allows(120.9)
    assert breaker.allows(121)
    breaker.succeeded()
    assert all(breaker.allows(121) for _ in range(5))


def test_a_probe_without_a_result_is_replaced() -> None:
    breaker = opened()
    assert breaker.allows(60)
    assert not breaker.allows(119.9)
    assert breaker.allows(120)


def test_a_clock_that_is_set_back_does_not_keep_it_open() -> None:
    assert opened(1_000_000).allows(5)


def test_exactly_one_of_many_threads_probes() -> None:
    breaker, together, granted = opened(), threading.Barrier(16), []

    def ask() -> None:
        together.wait()
        if breaker.allows(60):
            granted.append(1)

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(granted) == 1


def test_an_answer_holds_until_its_time_and_no_longer() -> None:
    answers, finding = Answers(b"secret"), Finding("akismet", 90, "spam")
    key = answers.key("akismet", [("user_ip", "203.0.113.9")])
    assert answers.recall(key, 0) is None
    answers.remember(key, finding, until=10)
    assert answers.recall(key, 9.9) == (finding,)
    assert answers.recall(key, 10) is None
    answers.remember(key, None, until=10)
    assert answers.recall(key, 9) == (None,)


def test_the_memory_is_bounded_and_the_oldest_goes_first() -> None:
    answers = Answers(b"secret", most=3)
    for name in "abcd":
        answers.remember(name, None, until=10)
    assert len(answers) == 3
    assert answers.recall("a", 0) is None
    assert answers.recall("d", 0) == (None,)


def test_a_key_tells_nothing_and_depends_on_the_secret_the_service_and_every_field() -> None:
    form = [("ip", "203.0.113.9"), ("email", "max@mail.example")]
    key = Answers(b"secret").key("a", form)
    assert key == Answers(b"secret").key("a", reversed(form))
    others = {
        Answers(b"other").key("a", form),
        Answers(b"secret").key("b", form),
        Answers(b"secret").key("a", form[:1]),
        Answers(b"secret").key("a", [("ip", "203.0.113.9e"), ("mail", "max@mail.example")]),
        Answers(b"secret").key("a", [("ip", "203.0.113.9"), ("email", "max@mail.exampl"), ("e", "")]),
    }
    assert len(others | {key}) == 6
    assert len(key) == 32
