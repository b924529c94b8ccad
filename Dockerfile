# Images for docker-compose.yml. `node` runs the node or the demonstration; `alliance` also holds Fabric's command line.
FROM node:24.21.0-bookworm-slim AS node
WORKDIR /medseal
RUN mkdir -p .medseal /network && chown node:node /medseal .medseal /network
USER node
COPY --chown=node:node . .
RUN npm ci --no-audit --no-fund --loglevel=error

FROM golang:1.24.2-bookworm AS fabric
ARG FABRIC_TOOLS
COPY network/fabric/tools /tools
RUN CGO_ENABLED=0 sh /tools/build.sh "/fabric-tools/${FABRIC_TOOLS}"

FROM node AS alliance
COPY --from=fabric --chown=node:node /fabric-tools /medseal/.medseal/fabric-tools
