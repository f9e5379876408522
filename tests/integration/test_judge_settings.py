"""The judge as a site configures it: lists, weights, shadow, rules of its own, and what it remembers."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from captcha_guard import Action, CaptchaGuard, ConfigError, Finding, Submission
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import COMMENT, Page, solved

POST = "/posts/one/comments"
SECRET = "2f9d1c7ab04e4c55a1d0c3f7e9b86ad1"


class Shouting:
    slug = "shouting"

    def check(self, submission: Submission) -> Finding | None:
        return Finding(self.slug, 70, "The comment is all capitals.") if submission.body.isupper() else None


def guarded(tmp_path: Path, *rules: Shouting, **settings: object) -> tuple[Flask, CaptchaGuard]:
    app = Flask("site", root_path=str(tmp_path), instance_path=str(tmp_path / "instance"))
    app.config.update({"SECRET_KEY": SECRET} | {f"CAPTCHA_GUARD_{name}": value for name, value in settings.items()})
    guard = CaptchaGuard(extra_rules=rules)
    guard.init_app(app)
    return app, guard


def judged(tmp_path: Path, body: str, **settings: object) -> tuple[Action, tuple[str, ...]]:
    app, guard = guarded(tmp_path, **settings)
    with app.app_context():
        verdict = guard.check(Submission(scope="letter", body=body, author="Ada Quill", email="ada@trash.example"))
    return verdict.action, verdict.reasons


def test_a_disallowed_word_is_refused_with_the_sites_own_words_and_the_text(blogs: MakeBlog) -> None:
    blog = blogs(
        {
            "CAPTCHA_GUARD_DISALLOWED_WORDS": ["hypnotize your boss"],
            "CAPTCHA_GUARD_DISALLOWED_MESSAGE": "Comment needs modification, <please>.",
        }
    )
    client, said = blog.client(), COMMENT | {"body": "Learn to HYPNOTIZE  your boss!"}
    refused = client.post(POST, data=solved(client, client.get("/posts/one"), said))
    assert refused.status_code == 403
    page = Page(refused.text).text
    assert "Comment needs modification, <please>." in page
    assert said["body"] in page
    assert "disallowed words" not in page
    assert blog.stored == []


def test_lists_come_from_the_configuration_or_from_files_beside_the_application(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("# ours\nold wives\n")
    (tmp_path / "domains.txt").write_text("trash.example\n")
    assert judged(tmp_path, "old wives", MODERATED_WORDS="words.txt") == (Action.HOLD, ("moderated_words",))
    assert judged(tmp_path, "old wives", MODERATED_WORDS=["x", Path("words.txt")])[0] == Action.HOLD
    assert judged(tmp_path, "old wives", MODERATED_WORDS="words.txt", WORD_FIELDS=["author"])[0] == Action.ACCEPT
    assert judged(tmp_path, "Hello", DISPOSABLE_DOMAINS="domains.txt") == (Action.CHALLENGE, ("disposable_email",))
    with pytest.raises(ConfigError, match=r"missing\.txt"):
        guarded(tmp_path, MODERATED_WORDS="missing.txt")


def test_weights_scripts_and_first_comments_are_settings(tmp_path: Path) -> None:
    praise = "I have bookmarked your site."
    assert judged(tmp_path, praise)[0] == Action.ACCEPT
    assert judged(tmp_path, praise, WEIGHTS={"flattery": 60})[0] == Action.HOLD
    assert judged(tmp_path, "Спасибо за статью", SCRIPTS=["Latin"])[0] == Action.CHALLENGE
    assert judged(tmp_path, praise, FIRST_COMMENT="hold", WEIGHTS={"flattery": 0}) == (Action.HOLD, ("first_comment",))


def test_a_weight_or_a_shadow_for_no_rule_is_refused_with_the_nearest_right_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"CAPTCHA_GUARD_WEIGHTS names the rule 'flatery'.*did you mean 'flattery'"):
        guarded(tmp_path, WEIGHTS={"flatery": 0})
    with pytest.raises(ConfigError, match=r"CAPTCHA_GUARD_SHADOW names the rule 'xyzzy'.*honeypot"):
        guarded(tmp_path, SHADOW=["xyzzy"])


def test_a_site_adds_a_rule_of_its_own_which_can_be_weighed_like_any_other(tmp_path: Path) -> None:
    for weights, action in ({}, Action.HOLD), ({"shouting": 40}, Action.CHALLENGE), ({"shouting": 0}, Action.ACCEPT):
        app, guard = guarded(tmp_path, Shouting(), WEIGHTS=weights)
        with app.app_context():
            assert guard.check(Submission(scope="letter", body="WHY NOT?")).action == action
            assert guard.check(Submission(scope="letter", body="https://a.example https://b.example")).held


def test_in_the_shadow_a_site_loses_nothing_and_sees_what_would_have_been(tmp_path: Path) -> None:
    app, guard = guarded(tmp_path, SHADOW=True, DISALLOWED_WORDS=["pills"])
    with app.app_context():
        verdict = guard.check(Submission(scope="letter", body="pills"))
    assert (verdict.action, verdict.meant) == (Action.ACCEPT, Action.REJECT)
    assert judged(tmp_path, "pills", SHADOW=["disallowed_words"], DISALLOWED_WORDS=["pills"])[0] == Action.ACCEPT


def test_what_is_remembered_is_kept_beside_the_counters_and_changes_verdicts(tmp_path: Path) -> None:
    app, guard = guarded(tmp_path, STORAGE_URI=f"sqlite:///{tmp_path}/counters.sqlite3")
    said = Submission(
        scope="comment:one",
        client="0123456789abcdef",
        body="Our shop has the very best lawn mowers of the whole county, nobody else comes near: https://mowers.example",
    )
    with app.app_context():
        assert guard.check(said).action == Action.ACCEPT
        assert guard.teach(said, spam=True)
        assert guard.check(said).reasons == ("single_link", "client_history", "linked_host")
        assert guard.check(said).held
    assert (tmp_path / "counters.sqlite3").exists()
    assert not (tmp_path / "instance").exists()


@pytest.mark.parametrize(
    ("setting", "value"),
    [("MODERATED_WORDS", ["casino"]), ("FIRST_COMMENT", "hold"), ("LEARNING", "strict")],
)
def test_a_setting_that_holds_comments_warns_once_of_routes_without_a_moderator(
    blogs: MakeBlog, caplog: pytest.LogCaptureFixture, setting: str, value: object
) -> None:
    blog = blogs({f"CAPTCHA_GUARD_{setting}": value})
    for _ in range(2):
        blog.client().get("/posts/one")
    (warning,) = [message for message in caplog.messages if "moderated=True" in message]
    assert setting in warning
    assert "comment" in warning
    assert "queue" not in warning  # it is moderated


def test_a_site_whose_routes_are_all_moderated_is_not_warned(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    app, guard = guarded(tmp_path, MODERATED_WORDS=["casino"])
    app.add_url_rule("/", "note", guard.protect(moderated=True)(lambda: "kept"), methods=["POST"])
    app.test_client().get("/")
    assert "moderated=True" not in caplog.text
