/** What can go wrong when a CNI plugin is called. No field is named `code`: grpc-js would take it for its own. */

import type {CniCommand} from './cni-command.ts';
import {plainText} from './plain-text.ts';

/** The plugin itself said so (CNI spec, section 5, "Error"). */
export class CniError extends Error {
  override readonly name = 'CniError';
  readonly plugin: string;
  readonly command: CniCommand;
  /** As the plugin gave it; 0 when it gave none. */
  readonly cniCode: number;
  readonly msg: string;
  readonly details: string;

  constructor(plugin: string, command: CniCommand, {cniCode, msg, details}: CniErrorResult) {
    const said = plainText([msg, details].filter(Boolean).join(': '));
    super(`CNI plugin ${plainText(plugin)} failed to ${command}: ${said} (code ${cniCode})`);
    this.plugin = plugin;
    this.command = command;
    this.cniCode = cniCode;
    this.msg = msg;
    this.details = details;
  }
}

/** Each text on one line and not long. */
export interface CniErrorResult {
  readonly cniCode: number;
  readonly msg: string;
  readonly details: string;
}

/** `no-time`: the time of the whole call was used up before the plugin's turn. */
export type PluginTrouble =
  | 'missing'
  | 'not-started'
  | 'no-time'
  | 'timed-out'
  | 'killed'
  | 'stopped'
  | 'bad-result';

/** The plugin could not be run, or did not end as a plugin should. */
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

/** A network configuration that cannot be used. */
export class InvalidConfig extends Error {
  override readonly name = 'InvalidConfig';
}

/** What an attachment asks for cannot be said to a plugin. */
export class InvalidParameter extends Error {
  override readonly name = 'InvalidParameter';
}

/** CHECK was asked for an attachment of which no ADD has succeeded. */
export class NotAdded extends Error {
  override readonly name = 'NotAdded';
}
