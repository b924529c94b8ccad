// Judges signatures of members as a peer does, by Fabric's own membership code: one question a line, one answer a line.
package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/hyperledger/fabric-lib-go/bccsp/sw"
	protos "github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"github.com/hyperledger/fabric/msp"
	"google.golang.org/protobuf/proto"
)

// A question; bytes as hex. Capability is the channel's highest: V2_0 or V3_0.
type question struct{ Msp, Identity, Message, Signature, Capability string }

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 1<<16), 1<<26)
	for lines.Scan() {
		var asked question
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			panic(err)
		}
		roles, err := judge(asked)
		answer := map[string]any{"Roles": roles, "Taken": err == nil, "Reason": fmt.Sprint(err)}
		line, err := json.Marshal(answer)
		if err != nil {
			panic(err)
		}
		fmt.Println(string(line))
	}
}

// As common/channelconfig sets an MSP up, and as policies judge a signature: deserialize, validate, verify.
// Beside that, the roles that the identity has.
func judge(asked question) ([]string, error) {
	csp, err := sw.NewDefaultSecurityLevelWithKeystore(sw.NewDummyKeyStore())
	if err != nil {
		return nil, err
	}
	version := msp.MSPVersion(msp.MSPv1_4_3)
	if asked.Capability == "V3_0" {
		version = msp.MSPv3_0
	}
	organization, err := msp.New(&msp.BCCSPNewOpts{NewBaseOpts: msp.NewBaseOpts{Version: version}}, csp)
	if err != nil {
		return nil, err
	}
	config := &protos.MSPConfig{}
	if err := proto.Unmarshal(bytes(asked.Msp), config); err != nil {
		return nil, err
	}
	if err := organization.Setup(config); err != nil {
		return nil, fmt.Errorf("SETUP: %w", err)
	}
	member, err := organization.DeserializeIdentity(bytes(asked.Identity))
	if err != nil {
		return nil, err
	}
	if err := member.Validate(); err != nil {
		return nil, err
	}
	name, err := organization.GetIdentifier()
	if err != nil {
		return nil, err
	}
	roles := []string{}
	for _, role := range []protos.MSPRole_MSPRoleType{
		protos.MSPRole_CLIENT, protos.MSPRole_PEER, protos.MSPRole_ADMIN, protos.MSPRole_ORDERER,
	} {
		principal, err := proto.Marshal(&protos.MSPRole{MspIdentifier: name, Role: role})
		if err != nil {
			panic(err)
		}
		if member.SatisfiesPrincipal(&protos.MSPPrincipal{Principal: principal}) == nil {
			roles = append(roles, strings.ToLower(role.String()))
		}
	}
	return roles, member.Verify(bytes(asked.Message), bytes(asked.Signature))
}

func bytes(text string) []byte {
	decoded, err := hex.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return decoded
}
