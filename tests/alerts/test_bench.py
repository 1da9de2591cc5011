"""The figures of delivery: calculated ones are what the messages weigh, measured ones are there."""

from pathlib import Path
from typing import Any

import pytest

from dms.alerts.bench import bench_delivery, vehicle_hour
from dms.errors import WorldError


def test_an_hour_is_the_sum_of_its_messages() -> None:
    hour = vehicle_hour(state_interval_s=1.0, health_interval_s=10.0, alerts=2)
    assert hour.messages == 3600 + 360 + 6
    assert hour.wire_bytes > hour.payload_bytes > 0
    twice = vehicle_hour(state_interval_s=0.5, health_interval_s=5.0, alerts=4)
    assert twice.payload_bytes == pytest.approx(2 * hour.payload_bytes, rel=0.01)


def test_everything_is_measured_and_nothing_is_left_behind(mosquitto: Any, tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    result = bench_delivery(folder)
    assert result.latency_ms is not None
    assert result.latency_p99_ms is not None
    assert 0 < result.latency_ms <= result.latency_p99_ms
    assert result.outbox_per_s > 0
    assert "vehicle-hour: 3,966 messages" in result.text()
    assert result.to_json()["hour"]["messages"] == 3966
    assert not list(folder.iterdir())


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(WorldError, match="cannot be written"):
        bench_delivery(tmp_path / "missing")
