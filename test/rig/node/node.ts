/** The test nodes of the integration tests: with the tools that their set-up has found. */
import {inject} from 'vitest';
import {startTestNode, type TestNode} from './test-node.ts';

export type {TestNode};

export const startNode = (): Promise<TestNode> => startTestNode(inject('tools').env);
