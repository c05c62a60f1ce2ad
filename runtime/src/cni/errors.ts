/** Errors of plugin calls. None has a field `code`: grpc-js would use it as the gRPC status. */

import type {CniCommand} from './cni-command.ts';
import {plainText} from './plain-text.ts';

/** The plugin returned an error (CNI spec, section 5, "Error"). */
export class CniError extends Error {
  override readonly name = 'CniError';
  readonly plugin: string;
  readonly command: CniCommand;
  /** The code from the plugin; 0 without one. */
  readonly cniCode: number;
  readonly msg: string;
  readonly details: string;

  constructor(plugin: string, command: CniCommand, {cniCode, msg, details}: CniErrorResult) {
    const reason = plainText([msg, details].filter(Boolean).join(': '));
    super(`CNI plugin ${plainText(plugin)} failed to ${command}: ${reason} (code ${cniCode})`);
    this.plugin = plugin;
    this.command = command;
    this.cniCode = cniCode;
    this.msg = msg;
    this.details = details;
  }
}

/** Each text is one short line. */
export interface CniErrorResult {
  readonly cniCode: number;
  readonly msg: string;
  readonly details: string;
}

/** `no-time`: earlier plugins used up the time of the whole call, so this one was not started. */
export type PluginTrouble =
  | 'missing'
  | 'not-started'
  | 'no-time'
  | 'timed-out'
  | 'killed'
  | 'stopped'
  | 'bad-result';

/** The plugin did not start, was killed, or printed an invalid result. */
export class PluginFailed extends Error {
  override readonly name = 'PluginFailed';
  readonly plugin: string;
  readonly trouble: PluginTrouble;

  constructor(plugin: string, trouble: PluginTrouble, message: string) {
    super(`CNI plugin ${plainText(plugin)} ${plainText(message)}`);
    this.plugin = plugin;
    this.trouble = trouble;
  }
}

/** A network configuration is invalid. */
export class InvalidConfig extends Error {
  override readonly name = 'InvalidConfig';
}

/** A parameter of an attachment cannot be passed to a plugin. */
export class InvalidParameter extends Error {
  override readonly name = 'InvalidParameter';
}

/** CHECK was requested for an attachment whose ADD has not succeeded. */
export class NotAdded extends Error {
  override readonly name = 'NotAdded';
}
