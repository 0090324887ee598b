"""Sound on a real device (a null sink in the test runs): it keeps up with the clock."""

from __future__ import annotations

import pytest

from harstudio.recordings.audio import AudioStream
from harstudio.recordings.recording import Recording
from harstudio.studio.sound import NO_DEVICE, Sound
from harstudio.studio.transport import Transport
from studio.test_sound import SECOND, Ramp


@pytest.mark.no_qt_log  # Qt's sound plugins report every server that is not there
def test_plays_on_the_device_that_is_there(qtbot):
    transport = Transport()
    transport.set_range(0, 3 * SECOND)
    sound = Sound(transport)
    said = []
    sound.absent.connect(said.append)
    sound.set_recording(
        Recording("r", "made", None, {"audio": AudioStream("audio", Ramp(), start_ns=0)})
    )
    sound.set_volume(0.0)
    transport.play()
    if said:
        transport.pause()
        sound.close()
        assert said == [NO_DEVICE]
        pytest.skip("no sound device here")
    qtbot.wait(1500)
    drift_ms = abs(sound.heard_ns() - transport.position_ns) / 1e6
    written = sound._next
    transport.pause()
    sound.close()
    assert written > 8000  # a second of samples has gone to the device
    assert drift_ms < 60  # the limit of 40 ms and one feeding interval
