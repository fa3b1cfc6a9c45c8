;; Prodigy, four elements at a time, in three passes: two sums over all parameters, of which the host makes the next estimate,
;; and the step. The same operations in the same order as the graph of prodigy.ts, but that sums are added up in float64.
;;
;; Places: m, v, s, the parameters at the beginning. In all g = clip · gradient.

;; The sum of g · (beginning - p).
(func (export "prodigyWay") (param $at i32) (param $end i32) (result f64)
  (local $g i32) (local $begin i32) (local $clip v128) (local $sum v128)
  (local.set $g (i32.add (local.get $at) (i32.load (global.get $gradients))))
  (local.set $begin (i32.add (local.get $at) (i32.load offset=12 (global.get $places))))
  (local.set $clip (v128.load32_splat (global.get $clip)))
  (loop $next
    (local.set $sum
      (call $added
        (local.get $sum)
        (f32x4.mul
          (f32x4.mul (v128.load (local.get $g)) (local.get $clip))
          (f32x4.sub (v128.load (local.get $begin)) (v128.load (local.get $at))))))
    (local.set $at (i32.add (local.get $at) (i32.const 16)))
    (local.set $g (i32.add (local.get $g) (i32.const 16)))
    (local.set $begin (i32.add (local.get $begin) (i32.const 16)))
    (br_if $next (i32.lt_u (local.get $at) (local.get $end))))
  (f64.add (f64x2.extract_lane 0 (local.get $sum)) (f64x2.extract_lane 1 (local.get $sum))))

;; s = beta3 s + weight · g, and the sum of its sizes. Scalars: beta3, weight.
(func (export "prodigyLength") (param $at i32) (param $end i32) (result f64)
  (local $g i32) (local $s i32) (local $clip v128) (local $beta3 v128) (local $weight v128)
  (local $gradients v128) (local $sum v128)
  (local.set $g (i32.add (local.get $at) (i32.load (global.get $gradients))))
  (local.set $s (i32.add (local.get $at) (i32.load offset=8 (global.get $places))))
  (local.set $clip (v128.load32_splat (global.get $clip)))
  (local.set $beta3 (v128.load32_splat (global.get $scalars)))
  (local.set $weight (v128.load32_splat offset=4 (global.get $scalars)))
  (loop $next
    (local.set $gradients
      (f32x4.add
        (f32x4.mul (v128.load (local.get $s)) (local.get $beta3))
        (f32x4.mul (f32x4.mul (v128.load (local.get $g)) (local.get $clip)) (local.get $weight))))
    (v128.store (local.get $s) (local.get $gradients))
    (local.set $sum (call $added (local.get $sum) (f32x4.abs (local.get $gradients))))
    (local.set $at (i32.add (local.get $at) (i32.const 16)))
    (local.set $g (i32.add (local.get $g) (i32.const 16)))
    (local.set $s (i32.add (local.get $s) (i32.const 16)))
    (br_if $next (i32.lt_u (local.get $at) (local.get $end))))
  (f64.add (f64x2.extract_lane 0 (local.get $sum)) (f64x2.extract_lane 1 (local.get $sum))))

;; Two sums in float64, with four numbers added.
(func $added (param $sum v128) (param $numbers v128) (result v128)
  (f64x2.add
    (f64x2.add (local.get $sum) (f64x2.promote_low_f32x4 (local.get $numbers)))
    (f64x2.promote_low_f32x4
      (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 (local.get $numbers) (local.get $numbers)))))

;; m = beta1 m + weight1 g and v = beta2 v + weight2 g², then p = decay p - rate · m / (sqrt(v) + epsilon).
;; Scalars: beta1, beta2, weight1, weight2, rate, decay, epsilon.
(elem (i32.const 3) $prodigy)
(func (export "prodigy") (param $at i32) (param $end i32)
  (call $inStretches (local.get $at) (local.get $end) (i32.const 3)))
(func $prodigy (param $at i32) (param $end i32)
  (local $m i32) (local $v i32) (local $g i32)
  (local $clip v128) (local $beta1 v128) (local $beta2 v128) (local $weight1 v128) (local $weight2 v128)
  (local $rate v128) (local $decay v128) (local $epsilon v128)
  (local $gradient v128) (local $first v128) (local $second v128)
  (local.set $g (i32.add (local.get $at) (i32.load (global.get $gradients))))
  (local.set $m (i32.add (local.get $at) (i32.load (global.get $places))))
  (local.set $v (i32.add (local.get $at) (i32.load offset=4 (global.get $places))))
  (local.set $clip (v128.load32_splat (global.get $clip)))
  (local.set $beta1 (v128.load32_splat (global.get $scalars)))
  (local.set $beta2 (v128.load32_splat offset=4 (global.get $scalars)))
  (local.set $weight1 (v128.load32_splat offset=8 (global.get $scalars)))
  (local.set $weight2 (v128.load32_splat offset=12 (global.get $scalars)))
  (local.set $rate (v128.load32_splat offset=16 (global.get $scalars)))
  (local.set $decay (v128.load32_splat offset=20 (global.get $scalars)))
  (local.set $epsilon (v128.load32_splat offset=24 (global.get $scalars)))
  (loop $next
    (local.set $gradient (f32x4.mul (v128.load (local.get $g)) (local.get $clip)))
    (local.set $first
      (f32x4.add
        (f32x4.mul (v128.load (local.get $m)) (local.get $beta1))
        (f32x4.mul (local.get $gradient) (local.get $weight1))))
    (local.set $second
      (f32x4.add
        (f32x4.mul (v128.load (local.get $v)) (local.get $beta2))
        (f32x4.mul (f32x4.mul (local.get $gradient) (local.get $gradient)) (local.get $weight2))))
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
