import type { PlannedRoom } from './plan-room.ts';

/** How many adapted models may be on the device at once, and how many are held there until they are asked for. */
export class Room {
  readonly #most: () => number;
  readonly #probed: () => number;
  #held = 0;

  /**
   * Both are known once the memory of a run is planned, and at least one.
   * @param probed models that may be probed in one pass
   */
  constructor(most: () => number, probed = most) {
    this.#most = most;
    this.#probed = probed;
  }

  /** Of what a plan has found. */
  static planned(plan: () => PlannedRoom): Room {
    return new Room(
      () => plan().cells,
      () => plan().probed,
    );
  }

  /** Models that may be probed in one pass. */
  get probed(): number {
    return this.#probed();
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
