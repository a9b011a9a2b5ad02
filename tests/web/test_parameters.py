"""The table of parameters: what is parsed, and what links look like."""

from __future__ import annotations

import pytest

from searchkit.errors import UsageError
from searchkit.web.parameters import PARAMETERS, USED_BY, State, data_parameters


def state(query_string: str, endpoint: str = "search") -> State:
    """Return the state of a request for a page."""
    return State.parse(endpoint, query_string, is_strict=False)


def test_every_parameter_is_used_and_described() -> None:
    """Each parameter belongs to an endpoint, and endpoints have no other parameters.

    The help of each parameter ends with a full stop, unless the parameter has choices.
    """
    assert {name for names in USED_BY.values() for name in names} == set(PARAMETERS)
    assert all(item.help.endswith(".") or item.choices for item in PARAMETERS.values())
    assert all(set(names) <= set(PARAMETERS) for names in USED_BY.values())


def test_a_link_is_canonical() -> None:
    """However a URL is written, its link has one form; empty values, defaults and repetitions are left out."""
    written = "sort=score&year=2023&year=2023&q=a+b&group=&match=auto&of-year=2022&offset=00020"
    assert state(written).url("/") == "/search?query=a+b&year=2023&of_year=2022&offset=20"


def test_a_change_goes_back_to_the_first_page() -> None:
    """A link that changes a filter has no offset. A link that changes the offset, or nothing, keeps the rest."""
    first = state("query=a&offset=40")
    assert first.url("/", None, "", year="2023") == "/search?query=a&year=2023"
    assert first.url("/", None, "", offset="60") == "/search?query=a&offset=60"
    assert first.url("/") == "/search?query=a&offset=40"


def test_a_link_has_the_parameters_of_its_endpoint() -> None:
    """A link keeps only the parameters that its endpoint has, and a link to data only those that change the data."""
    first = state("query=a&year=2023&sort=-year&group=document&facet=topic")
    assert first.url("/", "compare") == "/compare?query=a&year=2023"
    assert first.url("/", "coverage", ".csv") == "/coverage.csv?year=2023"
    assert first.url("/", "suggest") == "/suggest"


@pytest.mark.parametrize(
    ("chosen", "value", "expected"),
    [
        ("", "2023", ("2023",)),
        ("year=2023", "2023", ()),
        ("year=2022&year=2023", "2022", ("2023",)),
        ("year=2015..2024", "2020", ("2015..2019", "2021..2024")),
        ("year=2015..2016", "2015", ("2016",)),
        ("year=2015..", "2020", ("2015..2019", "2021..")),
        ("year=..2016", "2016", ("..2015",)),
        ("year=2015..2016", "2018", ("2015..2016", "2018")),
    ],
)
def test_a_year_is_toggled(chosen: str, value: str, expected: tuple[str, ...]) -> None:
    """A selected year is removed, also from the middle of a selected range. A year that is not selected is added."""
    assert state(chosen).toggled("year", value) == {"year": expected}


@pytest.mark.parametrize(
    ("chosen", "value", "expected"),
    [
        ("district=天津市", "天津市/滨海新区", ("天津市/滨海新区",)),
        ("district=天津市/滨海新区", "天津市", ("天津市",)),
        ("district=福州市", "福建省/福州市/鼓楼区", ("福建省/福州市/鼓楼区",)),
        ("district=福建省/福州市&district=福建省/厦门市&district=天津市", "福建省", ("天津市", "福建省")),
        ("district=天津市/滨海新区", "天津市/东丽区", ("天津市/滨海新区", "天津市/东丽区")),
        ("district=江苏省/南京市/鼓楼区", "福建省/福州市/鼓楼区", ("江苏省/南京市/鼓楼区", "福建省/福州市/鼓楼区")),
        ("district=市南区", "山东省/青岛市", ("市南区", "山东省/青岛市")),
        ("district=天津市&district=福建省", "天津市", ("福建省",)),
    ],
)
def test_an_added_place_replaces_places_around_and_inside_it(
    chosen: str, value: str, expected: tuple[str, ...]
) -> None:
    """A place that is added replaces the selected places that contain it or that it contains, not its neighbours."""
    assert state(chosen).toggled("district", value) == {"district": expected}


def test_user_defined_facets_are_toggled_in_where() -> None:
    """A filter by a user-defined facet is NAME=VALUE in the parameter `where`."""
    first = state("where=组=甲&where=级=乙")
    assert first.filters == {"组": ("甲",), "级": ("乙",)}
    assert first.toggled("组", "丙") == {"where": ("级=乙", "组=甲", "组=丙")}
    with pytest.raises(UsageError, match="NAME=VALUE"):
        state("where=组")


def test_arguments_have_the_types_of_the_library() -> None:
    """Numbers, flags and lists become what the methods of an index take. Parameters that are absent are left out."""
    first = state("query=a&limit=all&literal=all&explain=1&without=b&district=x")
    arguments = first.option_arguments(("limit", "literal", "explain", "without", "sort"))
    assert arguments == {"limit": None, "literal": True, "explain": True, "without": ["b"]}
    assert first.filter_arguments() == {"district": ["x"], "where": {}}


def test_data_has_the_parameters_that_change_it() -> None:
    """`data_parameters` leaves out parameters that only the page of an endpoint has, such as `query` of a document."""
    assert [item.name for item in data_parameters("document")] == ["id"]
    assert "query" not in [item.name for item in data_parameters("audit")]
