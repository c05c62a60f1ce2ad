/** The project's own files, as inputs of tasks. */

import {join} from 'node:path';
import {sha256File} from '../../cache/digest.ts';
import {project} from '../../project.ts';

/** The directory of an image's Dockerfile. */
export const imageSource = (name: string): string => join(project.manifests, 'images', name);

export const scriptPath = (name: string): string => join(project.manifests, 'scripts', name);

export const scriptDigest = (name: string): Promise<string> => sha256File(scriptPath(name));
