"""Colours keep their place when the primaries change."""

import numpy as np
import pytest

from vidstyle.media.clip import BT2020, P3_D65
from vidstyle.media.tonemap import BT709, gamut_matrix

BT2407 = [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]
"""BT.2020 to BT.709, ITU-R BT.2407, 2.2."""
BT2087 = [[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]]
"""BT.709 to BT.2020, ITU-R BT.2087, 2.2."""


def test_the_matrices_are_those_of_the_standards() -> None:
    assert np.abs(gamut_matrix(BT2020, BT709) - BT2407).max() < 1e-4
    assert np.abs(gamut_matrix(BT709, BT2020) - BT2087).max() < 1e-4


@pytest.mark.parametrize("wide", [BT2020, P3_D65])
def test_white_stays_white_and_the_way_back_leads_back(wide: int) -> None:
    assert gamut_matrix(wide, BT709) @ np.ones(3) == pytest.approx(np.ones(3))
    assert gamut_matrix(BT709, wide) @ gamut_matrix(wide, BT709) == pytest.approx(np.eye(3), abs=1e-12)
