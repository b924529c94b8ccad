/** What kept the network from doing what was asked. */
export type FabricNetworkErrorCode =
  | 'ARGUMENT_INVALID'
  | 'GO_MISSING'
  | 'COMMAND_FAILED'
  | 'CONFIG_UNEXPECTED'
  | 'NOT_RUNNING'
  | 'PORT_TAKEN'
  | 'PROCESS_ENDED'
  | 'RUNNING_ALREADY'
  | 'STATE_INVALID';

/** One line for the person at the terminal, and a code for programs. */
export class FabricNetworkError extends Error {
  readonly code: FabricNetworkErrorCode;

  constructor(code: FabricNetworkErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'FabricNetworkError';
    this.code = code;
  }
}
