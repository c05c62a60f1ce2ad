import type {NodeSnapshot} from '../../feed.ts';
import {StateMark} from './state.tsx';

/** `NotReady` in the words of Kubernetes. */
export const NodeState = ({node}: {readonly node: NodeSnapshot}) => {
  const {ready, running} = node;
  const state = !running ? 'deleting' : ready === undefined ? 'unknown' : ready ? 'ready' : 'failing';
  const word = !running ? 'stopped' : ready === undefined ? 'unknown' : ready ? 'Ready' : 'NotReady';
  return <StateMark state={state} word={word} />;
};
