"""The protobuf messages of Hyperledger Fabric that a proof's verifier reads (hyperledger/fabric-protos)."""

from .protobuf import Field, Message


def _b(name: str, repeated: bool = False) -> Field:
    return Field(name, "bytes", repeated)


def _s(name: str) -> Field:
    return Field(name, "string")


def _m(name: str, message: Message, repeated: bool = False) -> Field:
    return Field(name, "message", repeated, message)


TIMESTAMP: Message = {1: Field("seconds", "int64"), 2: Field("nanos", "int32")}
LAST_CONFIG: Message = {1: Field("index", "uint64")}
ORDERER_BLOCK_METADATA: Message = {1: _m("last_config", LAST_CONFIG), 2: _b("consenter_metadata")}
METADATA_SIGNATURE: Message = {1: _b("signature_header"), 2: _b("signature"), 3: _b("identifier_header")}
METADATA: Message = {1: _b("value"), 2: _m("signatures", METADATA_SIGNATURE, True)}
IDENTIFIER_HEADER: Message = {1: Field("identifier", "uint32"), 2: _b("nonce")}
BLOCK: Message = {
    1: _m("header", {1: Field("number", "uint64"), 2: _b("previous_hash"), 3: _b("data_hash")}),
    2: _m("data", {1: _b("data", True)}),
    3: _m("metadata", {1: _b("metadata", True)}),
}
ENVELOPE: Message = {1: _b("payload"), 2: _b("signature")}
HEADER: Message = {1: _b("channel_header"), 2: _b("signature_header")}
PAYLOAD: Message = {1: _m("header", HEADER), 2: _b("data")}
CHANNEL_HEADER: Message = {
    1: Field("type", "int32"),
    2: Field("version", "int32"),
    3: _m("timestamp", TIMESTAMP),
    4: _s("channel_id"),
    5: _s("tx_id"),
    6: Field("epoch", "uint64"),
    7: _b("extension"),
    8: _b("tls_cert_hash"),
}
SIGNATURE_HEADER: Message = {1: _b("creator"), 2: _b("nonce")}
SERIALIZED_IDENTITY: Message = {1: _s("mspid"), 2: _b("id_bytes")}

CHAINCODE_ID: Message = {1: _s("path"), 2: _s("name"), 3: _s("version")}
CHAINCODE_HEADER_EXTENSION: Message = {2: _m("chaincode_id", CHAINCODE_ID)}
TRANSACTION: Message = {1: _m("actions", {1: _b("header"), 2: _b("payload")}, True)}
ENDORSEMENT: Message = {1: _b("endorser"), 2: _b("signature")}
ENDORSED_ACTION: Message = {1: _b("proposal_response_payload"), 2: _m("endorsements", ENDORSEMENT, True)}
ACTION_PAYLOAD: Message = {1: _b("chaincode_proposal_payload"), 2: _m("action", ENDORSED_ACTION)}
RESPONSE_PAYLOAD: Message = {1: _b("proposal_hash"), 2: _b("extension")}
RESPONSE: Message = {1: Field("status", "int32"), 2: _s("message"), 3: _b("payload")}
CHAINCODE_ACTION: Message = {
    1: _b("results"),
    2: _b("events"),
    3: _m("response", RESPONSE),
    4: _m("chaincode_id", CHAINCODE_ID),
}
CHAINCODE_EVENT: Message = {1: _s("chaincode_id"), 2: _s("tx_id"), 3: _s("event_name"), 4: _b("payload")}
HASHED_COLLECTION: Message = {1: _s("collection_name"), 2: _b("hashed_rwset"), 3: _b("pvt_rwset_hash")}
NAMESPACE: Message = {1: _s("namespace"), 2: _b("rwset"), 3: _m("collection_hashed_rwset", HASHED_COLLECTION, True)}
TX_RWSET: Message = {1: Field("data_model", "int32"), 2: _m("ns_rwset", NAMESPACE, True)}
VERSION: Message = {1: Field("block_num", "uint64"), 2: Field("tx_num", "uint64")}
READ: Message = {1: _s("key"), 2: _m("version", VERSION)}
MERKLE_SUMMARY: Message = {
    1: Field("max_degree", "uint32"),
    2: Field("max_level", "uint32"),
    3: _b("max_level_hashes", True),
}
RANGE_QUERY: Message = {
    1: _s("start_key"),
    2: _s("end_key"),
    3: Field("itr_exhausted", "bool"),
    4: _m("raw_reads", {1: _m("kv_reads", READ, True)}),
    5: _m("reads_merkle_hashes", MERKLE_SUMMARY),
}
WRITE: Message = {1: _s("key"), 2: Field("is_delete", "bool"), 3: _b("value")}
METADATA_WRITE: Message = {1: _s("key"), 2: _m("entries", {1: _s("name"), 2: _b("value")}, True)}
KV_RWSET: Message = {
    1: _m("reads", READ, True),
    2: _m("range_queries_info", RANGE_QUERY, True),
    3: _m("writes", WRITE, True),
    4: _m("metadata_writes", METADATA_WRITE, True),
}

CONFIG_VALUE: Message = {1: Field("version", "uint64"), 2: _b("value"), 3: _s("mod_policy")}
CONFIG_GROUP: Message = {
    1: Field("version", "uint64"),
    3: Field("values", "map", False, CONFIG_VALUE),
    4: Field("policies", "map"),
    5: _s("mod_policy"),
}
CONFIG_GROUP[2] = Field("groups", "map", False, CONFIG_GROUP)
CONFIG_ENVELOPE: Message = {
    1: _m("config", {1: Field("sequence", "uint64"), 2: _m("channel_group", CONFIG_GROUP)}),
    2: _b("last_update"),
}
MSP_CONFIG: Message = {1: Field("type", "int32"), 2: _b("config")}
OU_IDENTIFIER: Message = {1: _b("certificate"), 2: _s("organizational_unit_identifier")}
NODE_OUS: Message = {
    1: Field("enable", "bool"),
    2: _m("client", OU_IDENTIFIER),
    3: _m("peer", OU_IDENTIFIER),
    4: _m("admin", OU_IDENTIFIER),
    5: _m("orderer", OU_IDENTIFIER),
}
FABRIC_MSP_CONFIG: Message = {
    1: _s("name"),
    2: _b("root_certs", True),
    3: _b("intermediate_certs", True),
    4: _b("admins", True),
    5: _b("revocation_list", True),
    6: _b("signing_identity"),
    7: _m("organizational_unit_identifiers", OU_IDENTIFIER, True),
    8: _m("crypto_config", {1: _s("signature_hash_family"), 2: _s("identity_identifier_hash_function")}),
    9: _b("tls_root_certs", True),
    10: _b("tls_intermediate_certs", True),
    11: _m("node_ous", NODE_OUS),
}
CONSENSUS_TYPE: Message = {1: _s("type"), 2: _b("metadata"), 3: Field("state", "int32")}
CAPABILITIES: Message = {1: Field("capabilities", "map")}
CONSENTER: Message = {
    1: Field("id", "uint32"),
    2: _s("host"),
    3: Field("port", "uint32"),
    4: _s("msp_id"),
    5: _b("identity"),
    6: _b("client_tls_cert"),
    7: _b("server_tls_cert"),
}
ORDERERS: Message = {1: _m("consenters", CONSENTER, True)}
