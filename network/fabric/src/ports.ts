import { connect } from 'node:net';
import { FabricNetworkError } from './errors.ts';
import { type FabricPlan, loopback, portsOf } from './plan.ts';

/** Throws one line that names the first port in use and the process that wants it. */
export async function assertPortsFree(plan: FabricPlan): Promise<void> {
  for (const [port, name] of portsOf(plan)) {
    if (await portTaken(port))
      throw new FabricNetworkError(
        'PORT_TAKEN',
        `port ${port} (${name}) is in use by another program; stop it, or start in a new folder with other ports: --data FOLDER --ports NUMBER`,
      );
  }
}

/** Whether a program listens there on this machine. */
export function portTaken(port: number): Promise<boolean> {
  return new Promise((answer) => {
    const socket = connect({ host: loopback, port });
    socket.once('connect', () => {
      socket.destroy();
      answer(true);
    });
    socket.once('error', () => answer(false));
  });
}
