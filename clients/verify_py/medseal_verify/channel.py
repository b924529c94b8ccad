"""The line of configurations from the pinned genesis block (docs/formats/fabric-block.md)."""

from typing import List, NamedTuple, Optional

from .block import (
    Block,
    channel_header_of,
    check_data,
    check_orderers,
    parse_block,
    read,
    read_any,
    seconds_of,
)
from .checks import Skip
from .config import Config, parse_config
from .messages import ENVELOPE, PAYLOAD
from .policy import Policy
from .refusal import Refusal, require

CONFIG_TYPE = 1


class ConfigBlock(NamedTuple):
    number: int
    config: Config


class Channel(NamedTuple):
    line: List[ConfigBlock]

    def in_force(self, block: Block) -> ConfigBlock:
        """The latest configuration before a block."""
        earlier = [entry for entry in self.line if entry.number < block.number]
        require(len(earlier) > 0, "CONFIG_LINEAGE", "no configuration before")
        return earlier[-1]


def channel_of(blocks: List[bytes], policy: Policy) -> Channel:
    """The configurations that a file carries, from its own genesis block or the policy's on."""
    carried = genesis_given(blocks)
    genesis = policy.genesis_block if carried is None else carried
    if genesis is None:
        raise Skip(undecided=True)
    later = blocks if carried is None else blocks[1:]
    return read_channel(genesis, policy.genesis_hash, policy.channel, later)


def read_channel(genesis: bytes, genesis_hash: str, channel: str, later: List[bytes]) -> Channel:
    block = parse_block(genesis)
    require(block.hash.hex() == genesis_hash and block.number == 0, "GENESIS_HASH")
    check_data(block)
    result = Channel([ConfigBlock(0, _config_in(block, channel))])
    for data in later:
        result = Channel([*result.line, _next(result, parse_block(data), channel)])
    return result


def _next(channel: Channel, block: Block, name: str) -> ConfigBlock:
    latest = channel.line[-1]
    check_data(block)
    config = _config_in(block, name)
    require(block.number > latest.number, "CONFIG_LINEAGE", "order")
    header = channel_header_of(block.envelopes[0], "CONFIG_MALFORMED")
    check_orderers(block, latest.config, seconds_of(header, "CONFIG_MALFORMED"), block.number)
    require(config.sequence == latest.config.sequence + 1, "CONFIG_LINEAGE", "sequence")
    return ConfigBlock(block.number, config)


def _config_in(block: Block, channel: str) -> Config:
    require(len(block.envelopes) == 1, "CONFIG_MALFORMED", "one envelope is a configuration")
    header = channel_header_of(block.envelopes[0], "CONFIG_MALFORMED")
    require(header["type"] == CONFIG_TYPE, "CONFIG_MALFORMED", "no configuration")
    require(header["channel_id"] == channel, "CHANNEL_MISMATCH", header["channel_id"])
    payload = read_any(PAYLOAD, read(ENVELOPE, block.envelopes[0], "CONFIG_MALFORMED")["payload"], "CONFIG_MALFORMED")
    return parse_config(channel, payload["data"])


def genesis_given(blocks: List[bytes]) -> Optional[bytes]:
    """The first block, if it is block 0."""
    if not blocks:
        return None
    try:
        return blocks[0] if parse_block(blocks[0]).number == 0 else None
    except Refusal:
        return blocks[0]
