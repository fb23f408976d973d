// When a list of labels is searched and browsed instead of being laid out. Pure.
import type { Question } from '../../lib/api/types';
import type { KeyHelp } from '../kind';
import { labelsOf } from '../options';

const LAID_OUT = 60;

export const separatorOf = (question: Question): string => (typeof question.separator === 'string' ? question.separator : '');

/** A tree, or more labels than the eye can search. */
export const isLarge = (question: Question): boolean => separatorOf(question) !== '' || labelsOf(question).length > LAID_OUT;

/** The keys of a large list, for the sheet. */
export const treeKeys = (many: boolean): KeyHelp[] => [
  { caps: ['/'], words: 'key_tree_find' },
  { caps: ['1', '…', '9'], words: 'key_tree_digit' },
  { caps: ['←', '→', '↑', '↓'], words: 'key_tree_arrows' },
  { caps: ['Enter'], words: many ? 'key_enter_submit' : 'key_enter_pick' },
];
