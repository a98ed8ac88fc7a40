/** How many adapted models may be on the device at once, and how many are held there until they are asked for. */
export class Room {
  readonly #most: () => number;
  #held = 0;

  /** @param most known once the memory of a run is planned; at least one */
  constructor(most: () => number) {
    this.#most = most;
  }

  /** Trainings that may begin together where the room is shared by so many kinds of them; one may always. */
  trainings(kinds: number): number {
    const most = this.#most();
    return Math.max(1, Math.min(Math.floor(most / kinds), most - this.#held));
  }

  hold(models: number): void {
    this.#held += models;
  }

  release(models: number): void {
    this.#held -= models;
  }
}
