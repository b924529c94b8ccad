"""A channel's configuration, as far as a verifier needs it (docs/formats/fabric-block.md)."""

from typing import Any, Dict, List, NamedTuple, Tuple

from .members import Msp, parse_msp
from .messages import CAPABILITIES, CONFIG_ENVELOPE, CONSENSUS_TYPE, ORDERERS
from .protobuf import NotCanonical, decode_any
from .refusal import Refusal, require


class Config(NamedTuple):
    channel: str
    sequence: int
    consensus: str
    applications: Dict[str, Msp]
    orderers: Dict[str, Msp]
    consenters: Dict[int, Tuple[str, bytes]]

    @property
    def is_bft(self) -> bool:
        return self.consensus == "BFT"


def parse_config(channel: str, data: bytes) -> Config:
    """The configuration in a configuration envelope."""
    try:
        return _parse(channel, data)
    except NotCanonical as error:
        raise Refusal("CONFIG_MALFORMED", str(error)) from None


def _parse(channel: str, data: bytes) -> Config:
    config = decode_any(CONFIG_ENVELOPE, data)["config"]
    require(config is not None and config["channel_group"] is not None, "CONFIG_MALFORMED", "no configuration")
    require(config["sequence"] < 2**53, "CONFIG_MALFORMED", "sequence")
    groups = config["channel_group"]["groups"]
    kinds = _member_kinds(config["channel_group"])
    require("Application" in groups and "Orderer" in groups, "CONFIG_MALFORMED", "group missing")
    orderer = groups["Orderer"]
    consensus = decode_any(CONSENSUS_TYPE, _value(orderer, "ConsensusType"))["type"]
    consenters: Dict[int, Tuple[str, bytes]] = {}
    if consensus == "BFT":
        listed: List[Dict[str, Any]] = decode_any(ORDERERS, _value(orderer, "Orderers"))["consenters"]
        consenters = {entry["id"]: (entry["msp_id"], entry["identity"]) for entry in listed}
        require(len(consenters) == len(listed) > 0, "CONFIG_MALFORMED", "consenters")
    return Config(
        channel, config["sequence"], consensus, _msps(groups["Application"], kinds), _msps(orderer, kinds), consenters
    )


def _member_kinds(channel: Dict[str, Any]) -> Tuple[str, ...]:
    """Kinds of keys that members may have: Ed25519 where the channel can do V3_0."""
    stated = channel["values"].get("Capabilities")
    capabilities = decode_any(CAPABILITIES, b"" if stated is None else stated["value"])["capabilities"]
    return ("ecdsa", "ed25519") if "V3_0" in capabilities else ("ecdsa",)


def _value(group: Dict[str, Any], name: str) -> bytes:
    value = group["values"].get(name)
    if value is None:
        raise Refusal("CONFIG_MALFORMED", f"no {name}")
    return value["value"]


def _msps(group: Dict[str, Any], kinds: Tuple[str, ...]) -> Dict[str, Msp]:
    msps = [parse_msp(_value(organization, "MSP"), kinds) for organization in group["groups"].values()]
    by_id = {msp.id: msp for msp in msps}
    require(len(by_id) == len(msps) > 0 and "" not in by_id, "CONFIG_MALFORMED", "organisations")
    return by_id
