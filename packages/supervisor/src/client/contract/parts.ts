/** What several documents of the admin API have in common. */
import Type from 'typebox';

export const closed = { additionalProperties: false } as const;

export const NodePath = Type.String({
  minLength: 1,
  maxLength: 4096,
  description: 'Ids from the tree’s name down, with slashes, as `tree` shows them: `shop/cart`.',
});

export const At = Type.String({ description: 'When, as ISO 8601 in UTC.' });

export const EntryId = Type.Integer({
  minimum: 0,
  description: 'Grows from entry to entry, over restarts of the daemon too; gaps mean nothing.',
});
