//! t
use array_api_spec::*;
#[test]
fn t() {
    let cpu = array_api_compat::cpu();
    let a = cpu.asarray([[1.0, 2.0], [3.0, 5.0]]).unwrap();
    println!("A {:?}", cpu.matmul(a.T().unwrap(), &a).unwrap().to_vec::<f64>());
    println!("B {:?}", cpu.matmul(&a, a.T().unwrap()).unwrap().to_vec::<f64>());
    let i = cpu.eye(2, 2, 0, DType::Float64).unwrap();
    println!("eye {:?}", i.to_vec::<f64>());
    println!("C {:?}", (&a - &i).eval().unwrap().to_vec::<f64>());
    let inv = cpu.where_(cpu.greater(&a, 2.5), 1.0 / &a, 0.0);
    println!("D {:?}", inv.eval().unwrap().to_vec::<f64>());
    let m = cpu.max(&a, ..).unwrap() * 0.1;
    println!("E {:?}", m.clone().eval().unwrap().to_vec::<f64>());
    println!("F {:?}", cpu.where_(cpu.greater(&a, m.clone()), 1.0 / &a, 0.0).eval().unwrap().to_vec::<f64>());
    println!("G {:?}", (cpu.matmul(&a, &a).unwrap() * cpu.where_(cpu.greater(&a, m), 1.0 / &a, 0.0)).eval().unwrap().to_vec::<f64>());
}
