/** Multus attaches the further networks that a pod selects, instead of the network runtime. */
import {type Conflist, parseConflist} from './conflist.ts';

/** The thin plugin, and the one that asks Multus' daemon. */
const isMultus = /^multus(-shim)?$/;

export const handlesSelections = ({plugins}: Pick<Conflist, 'plugins'>): boolean =>
  plugins.some(({type}) => isMultus.test(type));

/** For a configuration on record: an earlier version may have accepted one that is invalid now. */
export const didHandleSelections = (config: string): boolean => {
  try {
    return handlesSelections(parseConflist(config));
  } catch {
    return false;
  }
};
