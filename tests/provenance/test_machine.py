"""What a record says of the machine."""

from pathlib import Path

import pytest

from delaynet.provenance.machine import peak_gpu_memory, processor

X86 = """processor	: 0
vendor_id	: AuthenticAMD
cpu family	: 25
model		: 17
model name	: AMD EPYC
stepping	: 1
cpu MHz		: 2596.142
"""
ARM = """processor	: 0
BogoMIPS	: 50.00
Features	: fp asimd evtstrm
CPU implementer	: 0x41
CPU architecture: 8
CPU variant	: 0x3
CPU part	: 0xd0c
CPU revision	: 1
"""


def test_a_processor_is_named_with_its_family_as_virtual_machines_shorten_the_name() -> None:
    assert processor(X86) == "cpu family 25, model 17, model name AMD EPYC, stepping 1"
    assert processor(X86) != processor(X86.replace(": 17", ": 1"))


def test_an_arm_processor_is_named_by_implementer_and_part() -> None:
    expected = "CPU implementer 0x41, CPU variant 0x3, CPU part 0xd0c, CPU revision 1"
    assert processor(ARM) == expected
    assert processor(ARM) != processor(ARM.replace("0xd0c", "0xd40"))


def test_all_kinds_of_cores_are_named_once_each() -> None:
    little = ARM.replace("0xd0c", "0xd05")
    assert processor(ARM + little) == processor(ARM + little + ARM + little) != processor(ARM)


@pytest.mark.parametrize("cpuinfo", ["", "processor	: 0\nBogoMIPS	: 50.00\n"])
def test_a_processor_that_the_system_does_not_name_is_unknown(cpuinfo: str) -> None:
    assert processor(cpuinfo) is None


def test_the_clock_of_the_moment_is_no_part_of_the_name() -> None:
    assert processor(X86) == processor(X86.replace("2596.142", "1200.000"))


def test_the_processor_of_this_machine_is_named() -> None:
    assert processor(Path("/proc/cpuinfo").read_text(encoding="utf-8"))


def test_a_process_that_used_no_gpu_says_nothing_of_its_memory() -> None:
    assert peak_gpu_memory() == {}
