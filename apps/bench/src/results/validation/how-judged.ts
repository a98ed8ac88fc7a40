/** What the page says of its intervals and, where anything is compared, of its verdicts. Markdown. */
export function howJudged(compared: boolean, margin: number, declared?: number): string[] {
  return [
    "Intervals are at 95 %, paired where two scores are compared. Seeds are clusters: the interval is the wider of Student's t over the means of seeds (gradient norms: this one alone) and of a bootstrap of seeds and examples; with a single seed it is over examples alone and says nothing about other demonstrations. Datasets together: Student's t with datasets as units, p-values by it (Holm) and by the exact sign-flip test.",
    ...(compared
      ? [
          ...(declared === undefined || declared === margin
            ? []
            : [
                `**The margin of ±${margin} was chosen after the run, which declared ±${declared}: equivalence and "at least as high" are exploratory here.**`,
              ]),
          `A claim holds for a dataset if its quantity is above zero (above −${margin} where "at least as high" is claimed), does not hold if it is below, going by p-values of at most 0.05 after Holm's adjustment over claims and datasets, and else is inconclusive; a single seed is always. It holds as a whole if it does with datasets as units. Cells where nothing was learned, or where that is undecided, take no part in claims about likeness. Confirmatory claims were declared before the run, all others are exploratory.`,
          `A cell is equivalent if two one-sided tests at 5 % put measured − published within ±${margin}, different if the 95 % interval lies beyond, and else inconclusive; the published deviation over three seeds and rounding count. Table 3's cells must be equal.`,
        ]
      : []),
  ];
}
