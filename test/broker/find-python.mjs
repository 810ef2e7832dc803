/** The Python of the interoperability test, with what it needs. */
import { spawnSync } from 'node:child_process';

/** By the module that is imported. */
export const PYTHON_PACKAGES = {
  pika: 'python3-pika',
  cbor2: 'python3-cbor2',
  cryptography: 'python3-cryptography',
};

/** The path of a Python with all of them, or undefined. */
export function findPython() {
  const python = process.env.ESPALIER_PYTHON ?? '/usr/bin/python3';
  const { status } = spawnSync(python, ['-c', `import ${Object.keys(PYTHON_PACKAGES).join(', ')}`]);
  return status === 0 ? python : undefined;
}
