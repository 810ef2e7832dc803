/** The spec files of the example, with what is to be different from them. */
import { fileURLToPath } from 'node:url';
import { readSpecFile, type TreeSpec } from '@espalier/supervisor';

/** What of a spec may be different from the file's. */
export interface Settings {
  readonly workers?: number;
  readonly tries?: number;
  readonly mailsPerConnection?: number;
}

interface File {
  readonly children: { readonly id: string; args: object; maxChildren: number }[];
}

/** `name`: that of the file, without its ending. Each setting is for a child, in whichever of the files that stands. */
export async function readSpec(
  name: string,
  journal: string,
  { workers, tries, mailsPerConnection }: Settings,
): Promise<{ readonly spec: TreeSpec; readonly base: string }> {
  const path = fileURLToPath(new URL(`../${name}.espalier.yaml`, import.meta.url));
  const { input, base } = await readSpecFile(path);
  for (const child of (input as File).children) {
    if (child.id === 'store') child.args = { file: journal };
    if (child.id === 'queue' && tries !== undefined) child.args = { tries };
    if (child.id === 'workers' && workers !== undefined) child.maxChildren = workers;
    if (child.id === 'gateway' && mailsPerConnection !== undefined) child.args = { mailsPerConnection };
  }
  return { spec: input as TreeSpec, base };
}
