/** Writes runtime/sdk.d.ts and docs/sdk-reference.md. Run it with `npm run generate:sdk` after a change of the SDK. */

import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {project} from '../../src/project.ts';
import {declareSdk} from './declare.ts';

const {types, page} = await declareSdk();
await writeFile(join(project.runtime, 'sdk.d.ts'), types);
await writeFile(join(project.root, 'docs/sdk-reference.md'), page);
