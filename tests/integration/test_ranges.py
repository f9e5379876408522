"""Media players request parts of a challenge's file. Each part has the bytes of the whole file."""

from __future__ import annotations

import pytest
from werkzeug.test import TestResponse

from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import Blog


@pytest.fixture
def blog(blogs: MakeBlog) -> Blog:
    return blogs({})


def file_of(blog: Blog, range_header: str | None = None, *, path: str) -> TestResponse:
    return blog.client().get(path, headers={"Range": range_header} if range_header else {})


def path_of(blog: Blog) -> str:
    asked = blog.client().post("/captcha-guard/challenge", json={"scope": "comment:one"}).get_json()
    path: str = asked["picture"]
    return path


def test_a_part_of_a_file_has_the_same_bytes_as_the_whole_file(blog: Blog) -> None:
    path = path_of(blog)
    whole = file_of(blog, path=path)
    assert (whole.status_code, whole.headers["Accept-Ranges"]) == (200, "bytes")
    for first, last in ((0, 0), (10, 99), (100, len(whole.data) - 1)):
        part = file_of(blog, f"bytes={first}-{last}", path=path)
        assert part.status_code == 206
        assert part.headers["Content-Range"] == f"bytes {first}-{last}/{len(whole.data)}"
        assert part.data == whole.data[first : last + 1]
        assert part.headers["Cache-Control"] == "no-store"
    assert file_of(blog, "bytes=100-", path=path).data == whole.data[100:]
    assert file_of(blog, "bytes=-5", path=path).data == whole.data[-5:]


def test_a_range_outside_of_the_file_is_refused_and_an_odd_one_is_ignored(blog: Blog) -> None:
    path = path_of(blog)
    whole = file_of(blog, path=path).data
    assert file_of(blog, "bytes=99999999-", path=path).status_code == 416
    odd = ("bytes=", "bytes=5-1", "lines=1-2", "bytes=0-1,5-6", "bytes=0-,0-,0-", "bytes=a-b", "bytes=-0", "x" * 5000)
    for header in (*odd, "bytes=-99999999"):  # the last one asks for more bytes than there are
        answer = file_of(blog, header, path=path)
        assert (answer.status_code, answer.data == whole, answer.headers["Accept-Ranges"]) == (200, True, "bytes")
