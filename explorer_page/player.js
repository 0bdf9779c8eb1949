// The animation: which output is shown, moving from one to the next, and playing.

const GLIDE = 260; // milliseconds that a step takes
const PAUSE = 1000; // and between two steps while playing

class Player {
  // `moved(output, byHand)` is told of each step.
  constructor(drawing, scroller, moved) {
    Object.assign(this, { drawing, scroller, moved, output: 0, count: 0, timer: null, frame: null });
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
  }

  // After the picture was drawn anew.
  reset(outputs) {
    cancelAnimationFrame(this.frame);
    this.count = outputs;
    this.output = Math.max(0, Math.min(this.output, outputs - 1));
    this.drawing.show(this.output);
    this.follow();
    if (outputs < 2) this.pause();
  }

  go(output, byHand = true) {
    const target = Math.max(0, Math.min(output, this.count - 1));
    const from = this.output;
    this.output = target;
    this.glide(from, target);
    this.follow();
    this.moved(target, byHand);
  }

  glide(from, to) {
    cancelAnimationFrame(this.frame);
    if (this.still.matches || Math.abs(to - from) !== 1) return this.drawing.show(to);
    const started = performance.now();
    const next = (now) => {
      const time = Math.min(1, Math.max(0, now - started) / GLIDE);
      this.drawing.show(to, from, 1 - (1 - time) ** 3);
      if (time < 1) this.frame = requestAnimationFrame(next);
    };
    next(started);
  }

  // Keeps the window in view where the picture is wider than its place.
  follow() {
    const [left, right] = this.drawing.extent(this.output);
    const { scrollLeft, clientWidth } = this.scroller;
    if (left >= scrollLeft + 8 && right <= scrollLeft + clientWidth - 8) return;
    const target = (left + right - clientWidth) / 2;
    this.scroller.scrollTo({ left: target, behavior: this.still.matches ? "auto" : "smooth" });
  }

  get playing() {
    return this.timer !== null;
  }

  play() {
    if (this.count < 2) return;
    if (this.output >= this.count - 1) this.go(0, false);
    this.timer = setInterval(() => {
      if (this.output >= this.count - 1) this.pause();
      else this.go(this.output + 1, false);
    }, PAUSE);
    this.moved(this.output, false);
  }

  pause() {
    if (!this.playing) return;
    clearInterval(this.timer);
    this.timer = null;
    this.moved(this.output, true);
  }
}
