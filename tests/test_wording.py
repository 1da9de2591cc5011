import pytest

from dms.wording import counted


@pytest.mark.parametrize(("number", "told"), [(0, "0 alerts"), (1, "1 alert"), (2, "2 alerts"), (1204, "1,204 alerts")])
def test_one_of_a_thing_is_told_as_one(number: int, told: str) -> None:
    assert counted(number, "alert") == told
