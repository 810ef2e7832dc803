/**
 * One set-up or build at a time: `npm start` and `npm test` may be begun side by side. The lock is a
 * folder (making one is atomic) that names its holder, so that one left by a killed process is taken over.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT, say } from './project.mjs';

const LOCK = join(ROOT, '.cache', 'lock');

function holderLives() {
  try {
    process.kill(Number(readFileSync(join(LOCK, 'pid'), 'utf8')), 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

export async function locked(work) {
  mkdirSync(join(ROOT, '.cache'), { recursive: true });
  for (let tries = 0; ; tries += 1) {
    try {
      mkdirSync(LOCK);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (tries === 5) say('waiting for another set-up or build of this folder');
    await sleep(200);
    // The holder writes its id right after making the folder; only a second look may call it dead.
    if (tries > 5 && !holderLives()) rmSync(LOCK, { recursive: true, force: true });
  }
  try {
    writeFileSync(join(LOCK, 'pid'), String(process.pid));
    return await work();
  } finally {
    rmSync(LOCK, { recursive: true, force: true });
  }
}
