"""Who may do what: the table of roles and actions, per review."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programme.permissions import MAY, OF_ALL_REVIEWS, OWNER_ROLES, Action, Actor, Held, Role, make_actor

HELD = st.builds(Held, st.sampled_from(Role), st.none() | st.sampled_from(["north", "south"]))


def test_every_action_is_allowed_to_somebody_and_every_role_may_do_something() -> None:
    assert set(MAY) == set(Action)
    assert all(MAY.values())
    assert set(itertools.chain(*MAY.values())) == set(Role)


def test_a_reviewer_of_one_review_does_not_see_another() -> None:
    reviewer = make_actor("reviewer-1", [Held(Role.REVIEWER, "north")])
    assert reviewer.may(Action.SEE_REVIEW, "north")
    assert not reviewer.may(Action.SEE_REVIEW, "south")
    assert not reviewer.may(Action.SEE_REVIEW)
    assert reviewer.reviews(Action.SEE_REVIEW) == {"north"}


def test_a_moderator_of_one_review_sees_no_table_of_all_of_them() -> None:
    assert not make_actor("m", [Held(Role.MODERATOR, "north")]).may(Action.SEE_ALL_REVIEWS, "north")
    assert make_actor("m", [Held(Role.MODERATOR)]).may(Action.SEE_ALL_REVIEWS)


def test_an_administrator_manages_users_and_sees_no_evidence() -> None:
    administrator = make_actor("a", [Held(Role.ADMINISTRATOR)])
    assert {action for action in Action if administrator.may(action)} == {Action.MANAGE_USERS}


@pytest.mark.parametrize("action", Action)
def test_who_holds_no_role_may_do_nothing(action: Action) -> None:
    nobody = make_actor("nobody", [])
    assert not nobody.may(action)
    assert not nobody.may(action, "north")
    assert nobody.reviews(action) == frozenset()


@pytest.mark.parametrize("action", Action)
def test_the_owner_of_the_machine_may_do_everything(action: Action) -> None:
    assert make_actor("root", OWNER_ROLES).may(action, "north")


@given(held=st.frozensets(HELD), action=st.sampled_from(Action))
def test_the_reviews_listed_are_exactly_those_allowed(held: frozenset[Held], action: Action) -> None:
    actor = Actor("a", held)
    listed = actor.reviews(action)
    for review in ("north", "south", "west"):
        assert actor.may(action, review) == (listed is None or review in listed)


@given(held=st.frozensets(HELD), more=HELD, action=st.sampled_from(Action))
def test_another_role_never_takes_anything_away(held: frozenset[Held], more: Held, action: Action) -> None:
    for review in (None, "north", "south"):
        assert Actor("a", held | {more}).may(action, review) >= Actor("a", held).may(action, review)


@given(held=st.frozensets(st.builds(Held, st.sampled_from(Role), st.just("north"))))
def test_roles_in_one_review_allow_nothing_elsewhere(held: frozenset[Held]) -> None:
    actor = Actor("a", held)
    assert not any(actor.may(action, review) for action in Action for review in (None, "south"))
    assert not any(actor.may(action, "north") for action in OF_ALL_REVIEWS)
