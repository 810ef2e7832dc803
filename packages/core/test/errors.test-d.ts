import { expectTypeOf } from 'expect-type';
import type { CallErrorCode, ErrorCode } from '../src/error-codes.js';
import { CallError, type EspalierError, type SpecError, type SpecProblem } from '../src/errors.js';

// The class of an error narrows its codes.
expectTypeOf<CallError['code']>().toEqualTypeOf<CallErrorCode>();
expectTypeOf<SpecError>().toExtend<EspalierError>();
expectTypeOf<EspalierError['code']>().toEqualTypeOf<ErrorCode>();
expectTypeOf<SpecError['problems']>().toEqualTypeOf<readonly SpecProblem[]>();

// @ts-expect-error: a code of another class
new CallError('spec_invalid', 'refused');
