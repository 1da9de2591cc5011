"""The one TOML file as pydantic models, one module per section.

Takes a path, gives a frozen ``Config``. Knows no other room: each room imports its own section from here.
"""

import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import Field, ValidationError, model_validator

from dms.config.actions import ActionSettings
from dms.config.alerts import MqttSettings
from dms.config.driver import DriverSettings
from dms.config.explain import explain
from dms.config.frames import CameraSettings
from dms.config.obd import ANSWER_S, ObdSettings
from dms.config.perception import PerceptionSettings
from dms.config.records import RecordSettings
from dms.config.section import Section
from dms.config.service import ServiceSettings, VehicleSettings
from dms.errors import UserError

__all__ = [
    "ActionSettings",
    "CameraSettings",
    "Config",
    "DriverSettings",
    "MqttSettings",
    "ObdSettings",
    "PerceptionSettings",
    "RecordSettings",
    "Section",
    "ServiceSettings",
    "VehicleSettings",
    "load_config",
    "with_keys",
    "with_values",
]


class Config(Section):
    """The whole configuration; every table and key is optional."""

    vehicle: VehicleSettings = Field(VehicleSettings(), title="Vehicle", description="Which vehicle this is.")
    camera: CameraSettings = Field(CameraSettings(), title="Camera", description="Where pictures come from.")
    perception: PerceptionSettings = Field(
        PerceptionSettings(), title="Perception", description="How pictures are read."
    )
    driver: DriverSettings = Field(
        DriverSettings(), title="Driver", description="Limits by which the driver is judged."
    )
    mqtt: MqttSettings = Field(MqttSettings(), title="MQTT", description="Where alerts go.")
    actions: ActionSettings = Field(
        ActionSettings(), title="Actions", description="What the vehicle itself does about an alert."
    )
    obd: ObdSettings = Field(ObdSettings(), title="OBD-II", description="The vehicle's own speed.")
    records: RecordSettings = Field(RecordSettings(), title="Records", description="What is kept of a drive.")
    service: ServiceSettings = Field(ServiceSettings(), title="Service", description="How the daemon runs.")

    @model_validator(mode="after")
    def _fast_enough(self) -> Self:
        """What comes too rarely for how long it holds would be unknown most of the time."""
        gap_s, hold_s = self.driver.time.max_gap_s, self.driver.speed.hold_s
        if gap_s * self.camera.fps < 1.0:
            raise ValueError(
                f"driver.time.max_gap_s ({gap_s:g}) must not be below 1 / camera.fps ({self.camera.fps:g})"
            )
        if self.obd.port is not None and self.obd.interval_s + ANSWER_S > hold_s:
            raise ValueError(
                f"driver.speed.hold_s ({hold_s:g}) must not be below obd.interval_s ({self.obd.interval_s:g}) "
                f"and the {ANSWER_S:g} s that an answer may take"
            )
        return self


def load_config(path: Path | None) -> Config:
    """Read the configuration.

    Args:
        path: The TOML file; None for the defaults.

    Returns:
        The configuration. ``service.state_dir`` follows systemd's ``STATE_DIRECTORY`` unless the file names one.

    Raises:
        UserError: The file is missing, no TOML, or holds a wrong key or value; one line for each, with the key's
            path, what was given and what is allowed.
    """
    data: dict[str, Any] = {}
    if path is not None:
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise UserError(f"{path}: no such configuration file") from error
        except OSError as error:
            raise UserError(f"{path}: cannot be read ({error.strerror})") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UserError(f"{path}: not TOML: {error}") from error
    if directory := os.environ.get("STATE_DIRECTORY"):
        service = data.setdefault("service", {})
        if isinstance(service, dict):
            service.setdefault("state_dir", directory)
    return _validated(data, "" if path is None else f"{path}: ")


def with_values(config: Config, table: str, **values: object) -> Config:
    """Replace values of one table, as the command line does; they are checked as if they stood in the file.

    Raises:
        UserError: A value is wrong; one line for each.
    """
    data = config.model_dump(mode="json")
    data[table].update(values)
    return _validated(data, "")


def with_keys(config: Config, values: Mapping[str, object]) -> Config:
    """Replace values of any tables.

    Args:
        config: Holds the rest.
        values: By the path of their keys, as ``{"driver.perclos.warning": 0.15}``.

    Raises:
        UserError: There is no such key or a value is wrong; one line for each.
    """
    data = config.model_dump(mode="json")
    for key, value in values.items():
        *tables, last = key.split(".")
        table = data
        for name in tables:
            table = table.setdefault(name, {})
        table[last] = value
    return _validated(data, "")


def _validated(data: dict[str, Any], where: str) -> Config:
    try:
        # strict, so that "15" is no number and "yes" no truth; as JSON, because what TOML has as well then reads as a
        # path or a tuple. A date of TOML's is text
        return Config.model_validate_json(json.dumps(data, default=str), strict=True)
    except ValidationError as error:
        raise UserError("\n".join(f"{where}{line}" for line in explain(error, Config))) from error
