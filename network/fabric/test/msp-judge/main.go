// Judges signatures of members as a peer does, by Fabric's own membership code: one question a line, one answer a line.
package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"

	"github.com/hyperledger/fabric-lib-go/bccsp/sw"
	protos "github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"github.com/hyperledger/fabric/msp"
	"google.golang.org/protobuf/proto"
)

// A question; bytes as hex. Capability is the channel's highest: V2_0 or V3_0.
type question struct{ Msp, Identity, Message, Signature, Capability string }

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 1<<16), 1<<22)
	for lines.Scan() {
		var asked question
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			panic(err)
		}
		if err := judge(asked); err != nil {
			fmt.Println(false)
		} else {
			fmt.Println(true)
		}
	}
}

// As common/channelconfig sets an MSP up, and as policies judge a signature: deserialize, validate, verify.
func judge(asked question) error {
	csp, err := sw.NewDefaultSecurityLevelWithKeystore(sw.NewDummyKeyStore())
	if err != nil {
		return err
	}
	version := msp.MSPVersion(msp.MSPv1_4_3)
	if asked.Capability == "V3_0" {
		version = msp.MSPv3_0
	}
	organization, err := msp.New(&msp.BCCSPNewOpts{NewBaseOpts: msp.NewBaseOpts{Version: version}}, csp)
	if err != nil {
		return err
	}
	config := &protos.MSPConfig{}
	if err := proto.Unmarshal(bytes(asked.Msp), config); err != nil {
		return err
	}
	if err := organization.Setup(config); err != nil {
		return err
	}
	member, err := organization.DeserializeIdentity(bytes(asked.Identity))
	if err != nil {
		return err
	}
	if err := member.Validate(); err != nil {
		return err
	}
	return member.Verify(bytes(asked.Message), bytes(asked.Signature))
}

func bytes(text string) []byte {
	decoded, err := hex.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return decoded
}
