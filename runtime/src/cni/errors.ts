/** What can go wrong when a CNI plugin is called. No field is named `code`: grpc-js would take it for its own. */
import type {CniCommand} from './plugin.ts';

/** The plugin itself said so (CNI spec, section 5, "Error"). */
export class CniError extends Error {
  override readonly name = 'CniError';
  readonly plugin: string;
  readonly command: CniCommand;
  readonly cniCode: number;
  readonly msg: string;
  readonly details: string;

  constructor(plugin: string, command: CniCommand, {cniCode, msg, details}: CniErrorResult) {
    super(
      `CNI plugin ${plugin} failed to ${command}: ${[msg, details].filter(Boolean).join(': ')} (code ${cniCode})`,
    );
    this.plugin = plugin;
    this.command = command;
    this.cniCode = cniCode;
    this.msg = msg;
    this.details = details;
  }
}

export interface CniErrorResult {
  readonly cniCode: number;
  readonly msg: string;
  readonly details: string;
}

export type PluginTrouble = 'missing' | 'not-started' | 'timed-out' | 'killed' | 'stopped' | 'bad-result';

/** The plugin could not be run, or did not end as a plugin should. */
export class PluginFailed extends Error {
  override readonly name = 'PluginFailed';
  readonly plugin: string;
  readonly trouble: PluginTrouble;

  constructor(plugin: string, trouble: PluginTrouble, message: string) {
    super(`CNI plugin ${plugin} ${message}`);
    this.plugin = plugin;
    this.trouble = trouble;
  }
}

/** A network configuration that cannot be used. */
export class InvalidConfig extends Error {
  override readonly name = 'InvalidConfig';
}
