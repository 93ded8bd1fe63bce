"""joint-review user: who signs in, and what they are to which review."""

from __future__ import annotations

import click

from joint_review.cli.commands import Commands
from joint_review.cli.options import Function, Programme, by_option, now, programme_option, reading
from joint_review.cli.secrets_apart import accounts_of
from joint_review.cli.show import show_json, show_table
from programme import users
from programme.accounts import check_password
from programme.calendar import day_of_moment
from programme.permissions import Role
from programme.reviews import list_reviews
from rules.errors import UserInvalid
from rules.remedy import Give, Part


def review_option(function: Function) -> Function:
    """--review REVIEW or --all-reviews: where the role is held."""
    function = click.option("--all-reviews", is_flag=True, help="The role is for all reviews.")(function)
    return click.option("--review", metavar="REVIEW", help="The review that the role is for.")(function)


def _check_where(
    programme: Programme, name: str, role: str | None, review: str | None, all_reviews: bool
) -> None:
    """Raise UserInvalid where it was not given which reviews a role is for; an administrator's is for all."""
    if review is not None and all_reviews:
        raise click.UsageError("give either --review or --all-reviews, not both")
    if role in (None, Role.ADMINISTRATOR) or review is not None or all_reviews or role not in list(Role):
        return
    keys = [review.key for review in list_reviews(programme.db)]
    raise UserInvalid(
        f"the role of {role} needs a review, or all reviews",
        hint=f"Reviews: {', '.join(keys[:10])}{' ...' if len(keys) > 10 else ''}." if keys else "",
        remedies=[Give(Part.REVIEW, tuple(keys[:1])), Give(Part.ALL_REVIEWS)],
    )


role_names = ", ".join(Role)


@click.group(cls=Commands)
def user() -> None:
    """Manage who may sign in to the pages, and their roles in each review."""


@user.command("add")
@click.argument("name")
@click.option("--role", metavar="ROLE", help=f"A role to give straight away: {role_names}.")
@review_option
@by_option
@programme_option
def add_(
    programme: Programme, name: str, role: str | None, review: str | None, all_reviews: bool, by: str
) -> None:
    """Add a user, optionally with a role in one review or in all; set a password afterwards.

    Example: joint-review user add reviewer-1 --role reviewer --review wales-2004-08
    """
    _check_where(programme, name, role, review, all_reviews)
    given = f", {role} of {review or 'all reviews'}" if role else ""
    users.add_user(programme.db, name, role=role, review=review, by=by, at=now())
    click.echo(f"Added {name}{given}. Set a password: joint-review user password {name}")


class _UserShown(users.UserListed):
    password: bool
    """Whether they have one."""


@user.command("list")
@reading
def list_(programme: Programme, as_json: bool) -> None:
    """List the users with their roles.

    Example: joint-review user list
    """
    accounts = accounts_of(programme.path)
    found: list[_UserShown] = [
        {**one, "password": accounts.has_password(one["name"])} for one in users.list_users(programme.db)
    ]
    if as_json:
        show_json(found)
        return
    rows = [
        {
            "name": one["name"],
            "roles": "; ".join(f"{r['role']} of {r['review'] or 'all reviews'}" for r in one["roles"]),
            "state": "disabled" if one["disabled"] else "" if one["password"] else "no password yet",
            "added": f"{day_of_moment(one['added_at'])} by {one['added_by']}",
        }
        for one in found
    ]
    if rows:
        show_table(rows, {"name": "user", "roles": "is", "state": "", "added": "added"}, [None, 60])
    else:
        click.echo("There are no users yet. Add one: joint-review user add --help")


@user.command("role")
@click.argument("name")
@click.argument("role")
@review_option
@click.option("--take", is_flag=True, help="Take the role away instead.")
@by_option
@programme_option
def role_(
    programme: Programme,
    name: str,
    role: str,
    review: str | None,
    all_reviews: bool,
    take: bool,
    by: str,
) -> None:
    """Give a user a role in one review or in all, or take it away.

    ROLE is reviewer, lead, moderator or administrator (the last for the whole programme).

    Example: joint-review user role reviewer-1 lead --review wales-2004-08
    """
    _check_where(programme, name, role, review, all_reviews)
    change = users.take_role if take else users.give_role
    change(programme.db, name, role, review, by=by, at=now())
    click.echo(f"{name} is {'no longer ' if take else ''}{role} of {review or 'all reviews'}.")


@user.command("password")
@click.argument("name")
@programme_option
def password_(programme: Programme, name: str) -> None:
    """Set a user's password; the command asks for it twice. The user's sessions end.

    Example: joint-review user password reviewer-1
    """
    users.check_user(programme.db, name)
    password = click.prompt(f"New password for {name}", hide_input=True, err=True)
    check_password(name, password)
    if click.prompt("Repeat the password", hide_input=True, err=True) != password:
        raise UserInvalid("the two passwords differ", hint="Nothing was changed; try again.")
    accounts_of(programme.path).set_password(name, password, at=now())
    click.echo(f"The password of {name} is set.")


@user.command("disable")
@click.argument("name")
@click.option("--because", required=True, help="The reason.")
@by_option
@programme_option
def disable_(programme: Programme, name: str, because: str, by: str) -> None:
    """Disable a user for good: they can no longer sign in; their actions stay recorded.

    Example: joint-review user disable reviewer-1 --because "left the team"
    """
    accounts = accounts_of(programme.path)
    users.disable_user(programme.db, name, by=by, because=because, at=now())
    accounts.forget(name)
    click.echo(f"{name} disabled and signed out everywhere.")
