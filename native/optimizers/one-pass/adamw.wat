;; AdamW, four elements at a time: the same operations in the same order as the graph of adamw.ts, so that without clipping
;; both give the same bits.
;;
;; m = beta1 m + g and v = beta2 v + g² with g = clip · gradient, then p = decay p - rate · m / (sqrt(v) + epsilon).
;; Places: m, v. Scalars: beta1, beta2, rate, decay, epsilon.
(elem (i32.const 0) $adamw)
(func (export "adamw") (param $at i32) (param $end i32)
  (call $inStretches (local.get $at) (local.get $end) (i32.const 0)))
(func $adamw (param $at i32) (param $end i32)
  (local $m i32) (local $v i32) (local $g i32)
  (local $clip v128) (local $beta1 v128) (local $beta2 v128) (local $rate v128) (local $decay v128) (local $epsilon v128)
  (local $gradient v128) (local $first v128) (local $second v128)
  (local.set $g (i32.add (local.get $at) (i32.load (global.get $gradients))))
  (local.set $m (i32.add (local.get $at) (i32.load (global.get $places))))
  (local.set $v (i32.add (local.get $at) (i32.load offset=4 (global.get $places))))
  (local.set $clip (v128.load32_splat (global.get $clip)))
  (local.set $beta1 (v128.load32_splat (global.get $scalars)))
  (local.set $beta2 (v128.load32_splat offset=4 (global.get $scalars)))
  (local.set $rate (v128.load32_splat offset=8 (global.get $scalars)))
  (local.set $decay (v128.load32_splat offset=12 (global.get $scalars)))
  (local.set $epsilon (v128.load32_splat offset=16 (global.get $scalars)))
  (loop $next
    (local.set $gradient (f32x4.mul (v128.load (local.get $g)) (local.get $clip)))
    (local.set $first
      (f32x4.add (f32x4.mul (v128.load (local.get $m)) (local.get $beta1)) (local.get $gradient)))
    (local.set $second
      (f32x4.add
        (f32x4.mul (v128.load (local.get $v)) (local.get $beta2))
        (f32x4.mul (local.get $gradient) (local.get $gradient))))
    (v128.store (local.get $m) (local.get $first))
    (v128.store (local.get $v) (local.get $second))
    (v128.store (local.get $at)
      (f32x4.sub
        (f32x4.mul (v128.load (local.get $at)) (local.get $decay))
        (f32x4.mul
          (f32x4.div (local.get $first) (f32x4.add (f32x4.sqrt (local.get $second)) (local.get $epsilon)))
          (local.get $rate))))
    (local.set $at (i32.add (local.get $at) (i32.const 16)))
    (local.set $m (i32.add (local.get $m) (i32.const 16)))
    (local.set $v (i32.add (local.get $v) (i32.const 16)))
    (local.set $g (i32.add (local.get $g) (i32.const 16)))
    (br_if $next (i32.lt_u (local.get $at) (local.get $end)))))
