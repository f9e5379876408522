"""``flask --app demo_blog journal``: the commands for loading posts and moderating comments."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click
from flask import Flask
from flask.cli import AppGroup
from flask_migrate import upgrade
from sqlalchemy import inspect, select
from sqlalchemy.exc import DatabaseError

from demo_blog import drafts, maintenance, moderation, post_files, search_index, wordpress_command
from demo_blog.database import cannot_be_opened, db
from demo_blog.desk import accounts, decisions, digest, links, mail, passwords
from demo_blog.desk.filters import LARGEST_ID
from demo_blog.desk.models import Owner
from demo_blog.front_matter import PostFileError
from demo_blog.models import Comment, CommentState, Post
from demo_blog.site import SITE_URL, SettingError, checked, site_url

journal = AppGroup("journal", help="Load posts and moderate comments.")


def init_app(app: Flask) -> None:
    """Add the command group to ``flask``."""
    app.cli.add_command(journal)


@journal.command("init")
def init() -> None:
    """Create or upgrade the tables."""
    try:
        upgrade()
    except DatabaseError as error:
        raise click.ClickException(cannot_be_opened(error)) from None
    click.echo("The tables are up to date.")


@journal.command("load")
def load() -> None:
    """Load the Markdown files in demo_blog/content. Running this again is safe."""
    _require_tables()
    try:
        loaded = post_files.load(post_files.read_all())
    except PostFileError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"Posts: {loaded.added} added, {loaded.changed} changed, {loaded.unchanged} unchanged.")


@journal.command("index")
def index() -> None:
    """Build the search index again, for example after posts were changed with SQL."""
    _require_tables()
    click.echo(f"Posts in the search index: {search_index.rebuild()}.")


@journal.command("drafts")
def list_drafts() -> None:
    """List the posts that readers can't see yet."""
    _require_tables()
    found = drafts.drafts()
    click.echo(f"Drafts: {len(found) or 'none'}")
    for post in found:
        click.echo(f"  {post.slug}  {post.title}, {'imported' if post.imported_from else 'a file'}")


@journal.command("publish")
@click.argument("slug")
def publish(slug: str) -> None:
    """Publish the imported draft SLUG, with the day of today."""
    _require_tables()
    try:
        post = drafts.publish(slug, datetime.now(UTC))
    except drafts.DraftError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"The post {post.slug} is public.")


@journal.command("held")
def held() -> None:
    """List the comments that are waiting for a decision, and those set aside as spam."""
    _require_tables()
    _list("Held", Comment.in_state(CommentState.HELD))
    _list("Set aside as spam", Comment.in_state(CommentState.SPAM))
    click.echo(moderation.filter_status())


@journal.command("approve")
@click.argument("comment_id", metavar="ID", type=click.IntRange(1, LARGEST_ID))
def approve(comment_id: int) -> None:
    """Publish comment ID and teach the guard that it isn't spam. This also rescues a comment set aside as spam."""
    _decide(comment_id, CommentState.PUBLISHED)


@journal.command("spam")
@click.argument("comment_id", metavar="ID", type=click.IntRange(1, LARGEST_ID))
def spam(comment_id: int) -> None:
    """Set comment ID aside and teach the guard that it is spam. Its author still sees it as awaiting moderation."""
    _decide(comment_id, CommentState.SPAM)


@journal.command("explain")
@click.argument("comment_id", metavar="ID", type=click.IntRange(1, LARGEST_ID))
def explain(comment_id: int) -> None:
    """Explain why comment ID was judged as it was, and show its words with the largest weights in the filter."""
    comment = _comment(comment_id)
    click.echo(f"Comment {comment_id} by {comment.author}, on {comment.post.slug}, is {comment.state}.")
    for line in moderation.reasons(comment):
        click.echo(f"  {line}")


@journal.command("create-owner")
@click.argument("name")
@click.option("--password", help="Asked for if it isn't given.")
def create_owner(name: str, password: str | None) -> None:
    """Create the owner NAME, who can then log in at /desk."""
    _require_tables()
    try:
        accounts.check_name(name)
        accounts.create_owner(name, password or _ask_password())
    except (accounts.OwnerError, passwords.PasswordError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"The owner {name} can log in at {accounts.DESK}.")


@journal.command("set-password")
@click.argument("name")
@click.option("--password", help="Asked for if it isn't given.")
def set_password(name: str, password: str | None) -> None:
    """Give the owner NAME a new password. This ends all sessions and log-in links of this owner."""
    owner = _owner(name)
    try:
        accounts.set_password(owner, password or _ask_password())
    except passwords.PasswordError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"The owner {name} has a new password, and all sessions of {name} have ended.")


@journal.command("log-in-link")
@click.argument("name", required=False)
@click.option("--site", default="", help="The journal's address, such as https://blog.example.")
def log_in_link(name: str | None, site: str) -> None:
    """Print a link that logs the owner NAME in. It works once, for 15 minutes.

    Without --site, the link begins with JOURNAL_URL. If that isn't set either, put the journal's address before it.
    """
    try:
        address = checked(site) if site else site_url()
    except SettingError as error:
        raise click.ClickException(str(error).replace(SITE_URL, "--site")) from None
    token = links.create(_owner(name))
    click.echo(f"{address}{accounts.DESK}/link/{token}")


@journal.command("digest")
def send_digest() -> None:
    """Send an e-mail about the held comments that weren't in an e-mail yet, at most one an hour."""
    _require_tables()
    if mail.settings() is None:
        raise click.ClickException(
            f"the journal sends no e-mails; set {mail.SMTP_URL}, {mail.MAIL_FROM}, {mail.MAIL_TO} and {SITE_URL}"
        )
    waiting = len(digest.unnoticed())
    try:
        sent = digest.send(datetime.now(UTC))
    except mail.MailError as error:
        raise click.ClickException(f"{error} Nothing is lost: the next digest lists the same comments.") from None
    if sent:
        click.echo(f"Sent an e-mail about held comments: {sent}.")
    elif waiting:
        click.echo(f"No e-mail is due yet, because the last one is less than an hour old. Held comments: {waiting}.")
    else:
        click.echo("All held comments were in an e-mail already, or there are none.")


@journal.command("tidy")
def tidy() -> None:
    """Run the maintenance that is due. The server also does this after requests, once a minute."""
    _require_tables()
    maintenance.run()
    click.echo("The maintenance is done.")


@journal.command("import-wordpress")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only report what would be imported.")
def import_wordpress(files: tuple[Path, ...], *, dry_run: bool) -> None:
    """Import the posts and comments of WordPress exports (WXR). Running this again is safe."""
    _require_tables()
    wordpress_command.import_files(files, dry_run=dry_run)


def _owner(name: str | None) -> Owner:
    _require_tables()
    found = db.session.scalars(select(Owner).where(Owner.name == name) if name else select(Owner).limit(2)).all()
    if len(found) == 1:
        return found[0]
    if name or not found:
        who = f"no owner {name!r}" if name else "no owner"
        raise click.ClickException(f"there is {who}; 'flask --app demo_blog journal create-owner' creates one")
    raise click.ClickException("there are several owners; add the name of one of them")


def _decide(comment_id: int, state: CommentState) -> None:
    comment = _comment(comment_id)
    was = comment.state
    batch = decisions.decide([comment], state, None)
    click.echo(f"Comment {comment_id} by {comment.author} is {'already' if was == state else 'now'} {state}.")
    if batch.untaught:
        click.echo(
            "The guard could not be taught this decision; its log says why. Run the same command again later.", err=True
        )


def _comment(comment_id: int) -> Comment:
    _require_tables()
    comment = db.session.get(Comment, comment_id)
    if comment is None:
        raise click.ClickException(
            f"there is no comment {comment_id}; 'flask --app demo_blog journal held' lists the held comments"
        )
    return comment


def _list(heading: str, comments: Sequence[Comment]) -> None:
    click.echo(f"{heading}: {len(comments) or 'none'}")
    for comment in comments:
        click.echo(f"  {comment.id:>4}  {comment.author}, on {comment.post.slug}, {comment.created:%Y-%m-%d %H:%M} UTC")
        click.echo(f"        {textwrap.shorten(comment.body, 90, placeholder=' ...')}")
        for finding in moderation.finding_lines(comment):
            click.echo(f"        - {finding}")


def _ask_password() -> str:
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))


def _require_tables() -> None:
    try:
        has_tables = inspect(db.engine).has_table(Post.__tablename__)
    except DatabaseError as error:
        raise click.ClickException(cannot_be_opened(error)) from None
    if not has_tables:
        raise click.ClickException("the database has no tables yet; run 'flask --app demo_blog journal init' first")
