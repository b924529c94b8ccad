import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A TCP load balancer that never looks into what it carries, as it stands before the replicas of a node. */
export type Balancer = {
  port: number;
  /** Ports that connections go to, in turn; connections made before are cut. */
  sendTo(...ports: number[]): void;
  close(): void;
};

/** Connects to the first port that answers, beginning with the next in turn. */
export async function startBalancer(): Promise<Balancer> {
  const sockets = new Set<Socket>();
  let targets: number[] = [];
  let turn = 0;
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  };
  const carry = (client: Socket, [port, ...others]: readonly number[]): void => {
    if (port === undefined) {
      client.destroy();
      return;
    }
    const upstream = connect({ host: '127.0.0.1', port });
    keep(upstream);
    const next = (): void => carry(client, others);
    upstream.once('error', next);
    upstream.once('connect', () => {
      upstream.off('error', next);
      upstream.on('error', () => client.destroy());
      upstream.on('close', () => client.destroy());
      client.on('close', () => upstream.destroy());
      upstream.pipe(client).pipe(upstream);
    });
  };
  const server = createServer((client) => {
    keep(client);
    client.on('error', () => client.destroy());
    turn += 1;
    const first = targets.length === 0 ? 0 : turn % targets.length;
    carry(client, [...targets.slice(first), ...targets.slice(0, first)]);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    sendTo: (...ports) => {
      targets = ports;
      cut();
    },
    close: () => {
      server.close();
      cut();
    },
  };
}
