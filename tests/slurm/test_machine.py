"""The machine on which the tests run is left as it was."""

from pathlib import Path

import pytest
from slurm_cluster import MARK, NotHere, refuse_unless_throw_away


def test_a_slurm_of_somebody_else_is_left_alone_with_one_sentence(tmp_path: Path) -> None:
    refuse_unless_throw_away(etc=tmp_path)
    (tmp_path / "slurm.conf").write_text(f"{MARK}\nClusterName=tests\n")
    refuse_unless_throw_away(etc=tmp_path)
    (tmp_path / "slurm.conf").write_text("ClusterName=theirs\n")
    with pytest.raises(NotHere, match=r"slurm\.conf belongs to somebody's Slurm"):
        refuse_unless_throw_away(etc=tmp_path)


def test_who_is_not_root_is_told_so_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(NotHere, match="run them as root"):
        refuse_unless_throw_away(etc=tmp_path, user=1000)
