import { describe, expect, it } from '@jest/globals';
import { packTxt, unpackTxt } from '../../src/native/native-messages.js';

describe('TXT data on the way to the native package', () => {
  it('comes back as it was; of what is cut off the rest is kept', () => {
    const texts = ['a=1', '', `b=${'x'.repeat(253)}`];
    const packed = packTxt(texts.map((text) => Buffer.from(text)));
    const read = (txt: string): string[] => unpackTxt(txt).map((bytes) => bytes.toString());
    expect(read(packed)).toEqual(texts);
    expect(read(Buffer.from(packed, 'base64').subarray(0, 8).toString('base64'))).toEqual(['a=1', '', 'b=']);
  });
});
