/** What is used of jStat, which comes without types. */
declare module 'jstat' {
  interface Distribution<Parameters extends number[]> {
    cdf(x: number, ...parameters: Parameters): number;
    inv(probability: number, ...parameters: Parameters): number;
  }
  const library: {
    readonly jStat: {
      readonly studentt: Distribution<[degreesOfFreedom: number]>;
      readonly normal: Distribution<[mean: number, standardDeviation: number]>;
      /** Ranks from 1; equal values have the mean of theirs. */
      rank(values: readonly number[]): number[];
    };
  };
  export default library;
}
