import type { Figure } from '../figures.ts';
import { Markdown, joined, written } from '../markdown.ts';

/** Pictures of a kind, one after another; nothing if there are none. */
export function pictures(which: Figure['number'], figures: readonly Figure[]): Markdown[] {
  const own = figures.filter((figure) => figure.number === which);
  if (own.length === 0) return [];
  return [
    joined(
      own.map(({ title, file }) => written`![${title}](${new Markdown(encodeURI(file))})`),
      '\n',
    ),
  ];
}

/** After a figure of the paper. */
export function paperFigure(which: 2 | 3 | 4, figures: readonly Figure[]): Markdown[] {
  const own = figures.filter((figure) => figure.number === which);
  if (own.length === 0) return [];
  const methods = [...new Set(own.flatMap((figure) => figure.methods))];
  const named = [methods.slice(0, -1).join(', '), ...methods.slice(-1)].filter(Boolean).join(' and ');
  const titles: Readonly<Record<typeof which, string>> = {
    2: 'Figure 2: likeness of GD and LCGD',
    3: `Figure 3: ${named} by layer`,
    4: 'Figure 4: gradient norms by layer, mean over training steps',
  };
  return [written`## ${titles[which]}`, ...pictures(which, figures)];
}
