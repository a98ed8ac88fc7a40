import { UserError } from '@icl-gd/gpu-kernels/errors';
import { groupBy } from '../group-by.ts';
import { tensorName } from './layout.ts';
import type { Kind } from './names.ts';
import type { RecordedTensor } from './probe-folder.ts';

/** What is the same in every setting. */
const KINDS: readonly Kind[] = ['gold', 'rows', 'query length'];

/**
 * Right classes, rows and lengths of queries that are of no setting (in `labels.safetensors`, or `gold` beside `h_icl` and
 * `m_icl`) are of all settings of their dataset, where those have none of their own.
 * @throws UserError for what is of no recording
 */
export function shareFacts(tensors: readonly RecordedTensor[]): readonly RecordedTensor[] {
  const bySetting = groupBy(tensors, ({ setting }) => setting);
  const isShared = ({ setting }: RecordedTensor): boolean =>
    (bySetting.get(setting) ?? []).every(({ settingSaid, kind }) => !settingSaid && KINDS.includes(kind));
  const shared = tensors.filter(isShared);
  const own = tensors.filter((tensor) => !isShared(tensor));
  if (shared.length === 0 || own.length === 0) return tensors;
  const oneDataset = new Set(own.map(({ subject }) => subject.dataset)).size === 1;
  const belongs = ({ subject, file }: RecordedTensor, { subject: other }: RecordedTensor): boolean =>
    (oneDataset || subject.dataset === other.dataset) &&
    (file.metadata['variant'] === undefined || subject.variant === other.variant) &&
    (subject.seed === undefined || subject.seed === other.seed) &&
    (subject.permutation === undefined || subject.permutation === other.permutation);
  const strange = shared.find((fact) => !own.some((tensor) => belongs(fact, tensor)));
  if (strange)
    throw new UserError(
      `${tensorName(strange)} is of no setting, and of dataset ${strange.subject.dataset}, of which there is no other recording`,
    );
  const recordings = groupBy(own, ({ setting, subject: { variant, dataset, seed, permutation } }) =>
    [setting, variant, dataset, seed, permutation].join('\0'),
  );
  const copies = [...recordings.values()].flatMap((recording) => {
    const [first] = recording as [RecordedTensor];
    return shared
      .filter((fact) => belongs(fact, first) && recording.every(({ kind }) => kind !== fact.kind))
      .map((fact) => ({ ...fact, setting: first.setting, settingSaid: true, subject: first.subject }));
  });
  return [...own, ...copies];
}
