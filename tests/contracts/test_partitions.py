from __future__ import annotations

import pytest

from newsdesk.contracts.partitions import murmur2, partition_of


@pytest.mark.parametrize(
    ("text", "hashed"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_murmur2_is_that_of_the_java_client(text: bytes, hashed: int) -> None:
    """The values of Kafka's own UtilsTest."""
    assert murmur2(text) == hashed & 0xFFFFFFFF


def test_a_partition_is_the_hash_without_its_sign_modulo_the_number() -> None:
    assert partition_of(b"21", 7) == (-973932308 & 0x7FFFFFFF) % 7
    assert {partition_of(str(key).encode(), 3) for key in range(100)} == {0, 1, 2}
