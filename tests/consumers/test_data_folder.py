"""The data folder is a folder: an address in its place is refused, and not taken for a folder's name."""

from pathlib import Path

import pytest

from remit_consumers.settings import Settings
from remit_schemas.errors import SettingsError


@pytest.mark.parametrize("place", ["s3://shop-lake/prefix", "s3:/shop-lake", "file:///srv/remit"])
def test_an_address_in_place_of_the_data_folder_is_refused(place: str) -> None:
    with pytest.raises(SettingsError, match="must be a local folder") as told:
        Settings.from_env({"REMIT_DATA": place})
    assert "shop-lake" not in str(told.value)
    with pytest.raises(SettingsError):
        Settings.from_env({}, data=Path(place))


def test_a_folder_with_a_colon_in_it_is_one(tmp_path: Path) -> None:
    assert Settings.from_env({"REMIT_DATA": f"{tmp_path}/a:b"}).data == tmp_path / "a:b"
