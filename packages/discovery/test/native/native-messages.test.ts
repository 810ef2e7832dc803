import { describe, expect, it } from '@jest/globals';
import { packTxt, unpackTxt } from '../../src/native/native-messages.js';

describe('TXT data on the way to the native package', () => {
  it('comes back as it was; of what is cut off the rest is kept', () => {
    const strings = ['a=1', '', `b=${'x'.repeat(253)}`].map((text) => Buffer.from(text));
    expect(unpackTxt(packTxt(strings))).toEqual(strings);
    const cut = Buffer.from(packTxt(strings), 'base64').subarray(0, 7).toString('base64');
    expect(unpackTxt(cut)).toEqual([Buffer.from('a=1'), Buffer.from(''), Buffer.from('b=')]);
  });
});
