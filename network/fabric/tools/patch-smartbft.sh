#!/bin/sh
# Copies the consensus library that go.mod pins into a folder and applies our patch to it: sh patch-smartbft.sh FOLDER
set -e
pins=$(cd "$(dirname "$0")" && pwd)
rm -rf "$1"
mkdir -p "$1"
cd "$pins"
# Checked against go.sum.
go mod download github.com/hyperledger-labs/SmartBFT
cp -R "$(go list -m -f '{{.Dir}}' github.com/hyperledger-labs/SmartBFT)/." "$1"
chmod -R u+w "$1"
cd "$1"
# Inside another repository git would leave out, without a word, what that repository does not know.
GIT_CEILING_DIRECTORIES=$(dirname "$(pwd -P)") git apply "$pins/smartbft/liveness.patch"
