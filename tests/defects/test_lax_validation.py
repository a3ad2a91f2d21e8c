"""Defect 12 of the original: an '@' made an e-mail address, and a bad age became 0.

Shown to fail by broken/lax-validation.patch: an '@' is enough for an address."""

import pytest

from support.people import fresh_seed


def single(client, email="ann@example.com", age="30"):
    """The record that this row becomes."""
    content = f'name,email,age,department\nAnn,"{email}","{age}",Sales {fresh_seed()}\n'.encode()
    record, = client.all_records(client.finish_import(content)["id"])
    return record


@pytest.mark.parametrize("email", ["@", "a@", "@b", "a@b", "a@@b.com", "a b@example.com", "a@example", "not@an@address.com",
                                   "a@.com", "a@example.com.", "a@exa mple.com", "mailto:a@b.com@", "a@b.c_d"])
def test_an_at_sign_alone_makes_no_address(client, email):
    record = single(client, email=email)
    assert record["status"] == "invalid"
    assert [(error["field"], error["code"], error["value"]) for error in record["errors"]] == [("email", "type-error", email)]
    assert record["data"]["email"] == email


@pytest.mark.parametrize("age", ["thirty", "30.5", "-5", "999", "3O", "N/A", "1,000", "30 years", "∞", "1e2e3"])
def test_a_bad_age_is_an_error_and_never_becomes_a_number(client, age):
    record = single(client, age=age)
    assert record["status"] == "invalid"
    assert [error["field"] for error in record["errors"]] == ["age"]
    assert record["data"]["age"] == age and record["errors"][0]["value"] == age


def test_a_missing_age_is_null_and_not_zero(client):
    record = single(client, age="")
    assert (record["status"], record["data"]["age"]) == ("valid", None)


def test_an_age_of_zero_is_an_age(client):
    record = single(client, age="0")
    assert (record["status"], record["data"]["age"]) == ("valid", 0)
