#!/bin/sh
# Builds Fabric's programs from the Go module proxy into a folder, once: sh build.sh FOLDER
set -e
pins=$(cd "$(dirname "$0")" && pwd)
[ -e "$1/built" ] && exit 0
mkdir -p "$1/sampleconfig"
cp "$pins/go.mod" "$pins/go.sum" "$1/"
cd "$1"
fabric=github.com/hyperledger/fabric
smartbft=github.com/hyperledger-labs/SmartBFT
sh "$pins/patch-smartbft.sh" "$1/smartbft"
go mod edit -replace="$smartbft=./smartbft"
go build -mod=mod -o "$1/" $fabric/cmd/peer $fabric/cmd/orderer $fabric/cmd/configtxgen $fabric/cmd/osnadmin
source=$(go list -mod=mod -m -f '{{.Dir}}' $fabric)
for name in core.yaml orderer.yaml; do cat "$source/sampleconfig/$name" >"$1/sampleconfig/$name"; done
: >"$1/built"
