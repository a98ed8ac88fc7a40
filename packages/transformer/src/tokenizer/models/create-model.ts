import { Bpe } from './bpe.ts';
import type { ModelDefinition } from './definition.ts';
import type { Model } from './model.ts';
import { Unigram } from './unigram.ts';
import { WordLevel, WordPiece } from './words.ts';

export function createModel(definition: ModelDefinition): Model {
  switch (definition.type) {
    case 'BPE':
      return new Bpe(definition);
    case 'Unigram':
      return new Unigram(definition);
    case 'WordPiece':
      return new WordPiece(definition);
    case 'WordLevel':
      return new WordLevel(definition);
  }
}
